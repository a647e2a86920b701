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
    /// <summary>How many bytes may wait by default: 256 MiB.</summary>
    public const long DefaultMaxBytes = 256L * 1024 * 1024;

    private readonly Channel<(TFrame Frame, int Bytes)> _frames;
    private readonly long _maxBytes;
    private long _bytes;

    /// <summary>Makes a queue. A peer that doesn't keep up with either limit has lost its stream.</summary>
    /// <param name="capacity">How many frames may wait.</param>
    /// <param name="maxBytes">How many bytes they may have together; one that is larger may wait alone.</param>
    public FrameQueue(int capacity, long maxBytes = DefaultMaxBytes)
    {
        _maxBytes = maxBytes;
        _frames = Channel.CreateBounded<(TFrame Frame, int Bytes)>(
            new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    }

    /// <summary>Adds a frame; false when the queue is full or closed, so that the stream must be broken.</summary>
    public bool TryAdd(TFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        int bytes = frame.CalculateSize();
        long waiting = Interlocked.Add(ref _bytes, bytes);
        if ((waiting <= _maxBytes || waiting == bytes) && _frames.Writer.TryWrite((frame, bytes)))
        {
            return true;
        }

        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    /// <summary>Takes no more; the drainer ends when all is sent.</summary>
    public void Close() => _frames.Writer.TryComplete();

    /// <summary>Writes batches of at most 512 frames or 1 MiB until the queue is closed and empty.</summary>
    /// <param name="write">Sends one message; the list is used again after it returns.</param>
    /// <param name="cancellationToken">Stops at once.</param>
    public async Task DrainAsync(Func<IReadOnlyList<TFrame>, Task> write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        List<TFrame> batch = [];
        (TFrame Frame, int Bytes)? carried = null;
        while (carried is not null || await _frames.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            batch.Clear();
            int bytes = 0;
            while (batch.Count < WireLimits.MaxFramesPerMessage && TryTake(ref carried, out (TFrame Frame, int Bytes) next))
            {
                if (batch.Count > 0 && bytes + next.Bytes > WireLimits.MaxMessageBytes)
                {
                    carried = next;
                    break;
                }

                batch.Add(next.Frame);
                bytes += next.Bytes;
            }

            await write(batch).ConfigureAwait(false);
            Interlocked.Add(ref _bytes, -bytes);
        }
    }

    private bool TryTake(ref (TFrame Frame, int Bytes)? carried, out (TFrame Frame, int Bytes) next)
    {
        bool isCarried = carried is not null;
        next = carried.GetValueOrDefault();
        carried = null;
        return isCarried || _frames.Reader.TryRead(out next);
    }
}
