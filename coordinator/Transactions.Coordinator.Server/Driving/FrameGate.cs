namespace Transactions.Coordinator.Server.Driving;

// Bounds what participants' streams have queued for the machine. Frames can't be refused, since an order with gaps is worth
// nothing: streams aren't read on while it is full, and gRPC's flow control makes the participants wait. Thread-safe.
internal sealed class FrameGate(int most)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _room = NewRoom();
    private int _queued;

    public int Queued => Volatile.Read(ref _queued);

    // Waits for room, then counts a message of this many frames, which may go beyond the limit by itself.
    public async ValueTask EnterAsync(int frames, CancellationToken cancellationToken)
    {
        while (TryEnter(frames) is { } full)
        {
            await full.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // The machine has handled one.
    public void Leave()
    {
        lock (_lock)
        {
            if (_queued-- == most)
            {
                _room.TrySetResult();
                _room = NewRoom();
            }
        }
    }

    // Null once counted; else what completes when there may be room.
    private Task? TryEnter(int frames)
    {
        lock (_lock)
        {
            if (_queued >= most)
            {
                return _room.Task;
            }

            _queued += frames;
            return null;
        }
    }

    private static TaskCompletionSource NewRoom() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
