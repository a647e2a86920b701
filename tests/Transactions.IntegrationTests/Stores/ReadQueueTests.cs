using System.Collections.Concurrent;
using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Hosting;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Participant;
using Transactions.Participant.Server;
using Xunit;

namespace Transactions.IntegrationTests.Stores;

/// <summary>Reads that share a round trip with one that fails.</summary>
public sealed class ReadQueueTests : IProcessStop
{
    private const int BatchesAtOnce = 4;
    private const long Bad = 6;

    private readonly TaskCompletionSource[] _gates = [.. Enumerable.Range(0, BatchesAtOnce).Select(_ => new TaskCompletionSource())];
    private readonly ConcurrentDictionary<long, VersionsReadResult> _results = new();
    private readonly ConcurrentQueue<int> _asked = new();
    private int _calls;
    private Exception? _stopped;

    [Fact]
    public async Task ReadAsync_OneOfABatchFails_TheOthersAreAnswered()
    {
        await using ReadQueue queue = new(AskAsync, Post, TimeSpan.FromMinutes(1), TimeProvider.System, this);

        // All readers are busy; the first to be free finds three.
        for (int i = 1; i <= BatchesAtOnce; i++)
        {
            queue.Add(Read(i));
            await UntilAsync(() => _asked.Count == i);
        }

        queue.Add(Read(5));
        queue.Add(Read(Bad));
        queue.Add(Read(7));
        _gates[0].SetResult();
        await UntilAsync(() => _results.Count == 4);

        Assert.All((long[])[1, 5, 7], request => Assert.IsType<VersionsReadResult.Succeeded>(_results[request]));
        Assert.IsType<VersionsReadResult.Failed>(_results[Bad]);

        // Once each: what fails by itself has failed.
        Assert.Equal([1, 1, 1, 1, 3, 1, 1, 1], _asked);
        Assert.Null(_stopped);
        Assert.All(_gates[1..], gate => gate.SetResult());
    }

    void IProcessStop.Stop(Exception reason) => _stopped = reason;

    private void Post(ShardEvent e)
    {
        ShardEvent.VersionsRead read = Assert.IsType<ShardEvent.VersionsRead>(e);
        Assert.True(_results.TryAdd(read.Request, read.Result));
    }

    private static ShardEffect.ReadVersions Read(long request) =>
        new(request, new VersionQuery.Records(new Timestamp(request), []));

    private async Task<ImmutableArray<VersionsReadResult>> AskAsync(ImmutableArray<VersionQuery> queries, CancellationToken cancellationToken)
    {
        int call = Interlocked.Increment(ref _calls);
        _asked.Enqueue(queries.Length);
        if (call <= BatchesAtOnce)
        {
            await _gates[call - 1].Task;
        }

        VersionsReadResult result = queries.Any(query => query is VersionQuery.Records { At.Value: Bad })
            ? new VersionsReadResult.Failed("no such thing")
            : new VersionsReadResult.Succeeded([], Timestamp.Zero, IsComplete: true);
        return [.. queries.Select(_ => result)];
    }

    private static Task UntilAsync(Func<bool> condition) =>
        Eventually.IsTrueAsync(() => Task.FromResult(condition()), () => "It doesn't happen.");
}
