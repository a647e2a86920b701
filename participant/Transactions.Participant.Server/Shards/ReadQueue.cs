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
    private readonly Func<ImmutableArray<VersionQuery>, CancellationToken, Task<ImmutableArray<VersionsReadResult>>> _ask;
    private readonly Action<ShardEvent> _post;
    private readonly IProcessStop _processStop;
    private readonly TimeSpan _answerTimeout;
    private readonly TimeProvider _timeProvider;
    private readonly Task _running;

    /// <summary>Makes a queue that reads at once.</summary>
    /// <param name="ask">The store's <see cref="IShardStore.ReadVersionsAsync"/>.</param>
    /// <param name="post">Gets the answers.</param>
    /// <param name="answerTimeout">How long an answer is waited for.</param>
    /// <param name="timeProvider">Measures that.</param>
    /// <param name="processStop">Gets what nobody foresaw.</param>
    public ReadQueue(
        Func<ImmutableArray<VersionQuery>, CancellationToken, Task<ImmutableArray<VersionsReadResult>>> ask,
        Action<ShardEvent> post,
        TimeSpan answerTimeout,
        TimeProvider timeProvider,
        IProcessStop processStop)
    {
        (_ask, _post, _answerTimeout, _timeProvider, _processStop) = (ask, post, answerTimeout, timeProvider, processStop);
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
            ImmutableArray<VersionsReadResult> results = await _ask([.. batch.Select(read => read.Query)], _stopping.Token)
                .WaitAsync(_answerTimeout, _timeProvider, _givenUp.Token);

            // One that can't be read fails its whole batch, so each is asked once more by itself: beside each other, since one may
            // take as long as an answer may.
            List<Task> again = [];
            for (int i = 0; i < batch.Count; i++)
            {
                if (results[i] is VersionsReadResult.Failed && batch.Count > 1)
                {
                    again.Add(ReadAsync([batch[i]]));
                }
                else
                {
                    _post(new ShardEvent.VersionsRead(batch[i].Request, results[i]));
                }
            }

            await Task.WhenAll(again);
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
