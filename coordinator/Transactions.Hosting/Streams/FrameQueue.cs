using System.Threading.Channels;
using Google.Protobuf;
using Transactions.Contracts;

namespace Transactions.Hosting;

/// <summary>What waits to be sent on one stream: drained in batches as it comes, never held back to fill one.</summary>
/// <remarks>Thread-safe for any number of senders and one drainer.</remarks>
/// <typeparam name="TFrame">A frame of the contracts.</typeparam>
public sealed class FrameQueue<TFrame>
    where TFrame : class, IMessage
{
    private readonly Channel<TFrame> _frames;

    /// <summary>Makes a queue.</summary>
    /// <param name="capacity">How many frames may wait. A peer that doesn't keep up with them has lost its stream.</param>
    public FrameQueue(int capacity) => _frames = Channel.CreateBounded<TFrame>(
        new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Adds a frame; false when the queue is full or closed, so that the stream must be broken.</summary>
    public bool TryAdd(TFrame frame) => _frames.Writer.TryWrite(frame);

    /// <summary>Takes no more; the drainer ends when all is sent.</summary>
    public void Close() => _frames.Writer.TryComplete();

    /// <summary>Writes batches of at most 512 frames or 1 MiB until the queue is closed and empty.</summary>
    /// <param name="write">Sends one message; the list is used again after it returns.</param>
    /// <param name="cancellationToken">Stops at once.</param>
    public async Task DrainAsync(Func<IReadOnlyList<TFrame>, Task> write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        List<TFrame> batch = [];
        TFrame? carried = null;
        while (carried is not null || await _frames.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            batch.Clear();
            int bytes = 0;
            while (batch.Count < WireLimits.MaxFramesPerMessage && TryTake(ref carried, out TFrame? frame))
            {
                bytes += frame.CalculateSize();
                if (batch.Count > 0 && bytes > WireLimits.MaxMessageBytes)
                {
                    carried = frame;
                    break;
                }

                batch.Add(frame);
            }

            await write(batch).ConfigureAwait(false);
        }
    }

    private bool TryTake(ref TFrame? carried, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TFrame? frame)
    {
        frame = carried;
        carried = null;
        return frame is not null || _frames.Reader.TryRead(out frame);
    }
}
