using System.Collections.Immutable;
using System.Threading.Channels;
using Transactions.Hosting;
using Transactions.Storage;

namespace Transactions.Participant.Server;

/// <summary>Gathers reads of versions while others are under way, so that many share one round trip (<em>request batch</em>).</summary>
internal sealed class ReadQueue : IAsyncDisposable
{
    private const int MostReadsInABatch = 128;
    private const int BatchesAtOnce = 4;

    private readonly Channel<ShardEffect.ReadVersions> _reads = Channel.CreateUnbounded<ShardEffect.ReadVersions>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _givenUp = new();
    private readonly IShardStore _store;
    private readonly Action<ShardEvent> _post;
    private readonly IProcessStop _processStop;
    private readonly TimeSpan _answerTimeout;
    private readonly TimeProvider _timeProvider;
    private readonly Task _running;

    public ReadQueue(
        IShardStore store, Action<ShardEvent> post, TimeSpan answerTimeout, TimeProvider timeProvider, IProcessStop processStop)
    {
        (_store, _post, _answerTimeout, _timeProvider, _processStop) = (store, post, answerTimeout, timeProvider, processStop);
        _running = Task.WhenAll(Enumerable.Range(0, BatchesAtOnce).Select(_ => Task.Run(RunAsync)));
    }

    public void Add(ShardEffect.ReadVersions read) => _reads.Writer.TryWrite(read);

    /// <summary>Ends without waiting for what the store is asked: a read changes nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        _reads.Writer.TryComplete();

        // Not waited for: it may have to reach a server that is silent, to cancel what that does.
        Task told = _stopping.CancelAsync();
        await _givenUp.CancelAsync();
        await _running;
        _givenUp.Dispose();
        DisposeWhenTold(told);
    }

    private async void DisposeWhenTold(Task told)
    {
        await told.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        List<ShardEffect.ReadVersions> batch = [];
        while (await _reads.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < MostReadsInABatch && _reads.Reader.TryRead(out ShardEffect.ReadVersions? read))
            {
                batch.Add(read);
            }

            if (batch.Count > 0)
            {
                await ReadAsync(batch);
            }
        }
    }

    private async Task ReadAsync(List<ShardEffect.ReadVersions> batch)
    {
        try
        {
            ImmutableArray<VersionsReadResult> results = await _store
                .ReadVersionsAsync([.. batch.Select(read => read.Query)], _stopping.Token)
                .WaitAsync(_answerTimeout, _timeProvider, _givenUp.Token);
            for (int i = 0; i < batch.Count; i++)
            {
                _post(new ShardEvent.VersionsRead(batch[i].Request, results[i]));
            }
        }
        catch (Exception e) when (e is StorageUnavailableException or OperationCanceledException or TimeoutException)
        {
            batch.ForEach(read => _post(new ShardEvent.VersionsRead(read.Request, new VersionsReadResult.Failed(e.Message))));
        }
        catch (Exception unexpected)
        {
            // A read that is never answered would hold its transaction for ever, silently.
            _processStop.Stop(unexpected);
        }
    }
}
