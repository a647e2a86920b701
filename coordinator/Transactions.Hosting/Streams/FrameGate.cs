namespace Transactions.Hosting;

/// <summary>Bounds what peers' streams have queued for a machine.</summary>
/// <remarks>
/// Frames can't be refused, since an order with gaps is worth nothing: streams aren't read on while it is full, and gRPC's flow
/// control makes the peers wait. Thread-safe.
/// </remarks>
/// <param name="most">How many frames may wait before more must. At least 1.</param>
public sealed class FrameGate(int most)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _room = NewRoom();
    private int _queued;

    /// <summary>How many frames wait.</summary>
    public int Queued => Volatile.Read(ref _queued);

    /// <summary>Waits for room, then counts a message of this many frames, which may go beyond the limit by itself.</summary>
    /// <exception cref="OperationCanceledException">The token fired; nothing is counted.</exception>
    public async ValueTask EnterAsync(int frames, CancellationToken cancellationToken)
    {
        while (TryEnter(frames) is { } full)
        {
            await full.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The machine has handled one.</summary>
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
