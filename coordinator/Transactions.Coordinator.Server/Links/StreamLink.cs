using Grpc.Core;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Hosting;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server.Links;

// The outgoing half of a participant's stream: a bounded queue, drained by one task into as few messages as it allows.
internal sealed class StreamLink(IServerStreamWriter<V1.CoordinatorFrames> stream, int maxQueuedFrames, CoordinatorMetrics metrics)
    : IParticipantLink
{
    private readonly FrameQueue<V1.CoordinatorFrame> _queue = new(maxQueuedFrames);
    private readonly TaskCompletionSource _overflow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isClosed;

    // Completes when the participant can't keep up: nothing may be left out of an order that goes on, so the stream is over.
    public Task Overflow => _overflow.Task;

    public void Send(ShardId shard, CoordinatorFrame frame)
    {
        if (!_queue.TryAdd(CoordinatorFrameMapping.ToWire(shard, frame)) && !_isClosed)
        {
            _overflow.TrySetResult();
        }
    }

    public void Close()
    {
        _isClosed = true;
        _queue.Close();
    }

    // Returns when the link was closed and all of its frames are written.
    public Task WriteAllAsync(CancellationToken cancellationToken)
    {
        V1.CoordinatorFrames message = new();
        return _queue.DrainAsync(WriteAsync, cancellationToken);

        async Task WriteAsync(IReadOnlyList<V1.CoordinatorFrame> frames)
        {
            message.Frames.Clear();
            message.Frames.AddRange(frames);
            await stream.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            metrics.FramesSent(frames.Count);
        }
    }
}
