using System.Collections.Concurrent;
using System.Collections.Immutable;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// Tells each coordinator which of its transactions live, and hears which of them don't (section 7). One loop for all, in which none
// waits for another: a coordinator that hangs, or what a caller does when its transaction is lost, is its own affair.
internal sealed class Heartbeats(TransactionClientOptions options, ClientClock clock, ILogger logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TransactionId, RootTransaction> _open = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<CoordinatorLink, Task> _underWay = [];
    private Task? _loop;

    public int Open => _open.Count;

    public void Track(RootTransaction transaction)
    {
        _open[transaction.Id] = transaction;
        if (_loop is null)
        {
            Start();
        }
    }

    public bool Untrack(RootTransaction transaction) => _open.TryRemove(transaction.Id, out _);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_loop is { } loop)
        {
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(_underWay.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        _stop.Dispose();
    }

    private void Start()
    {
        lock (_lock)
        {
            if (_loop is null)
            {
                // The loop outlives the transaction that started it, and must not run inside of it.
                using AsyncFlowControl _ = ExecutionContext.SuppressFlow();
                _loop = Task.Run(RunAsync);
            }
        }
    }

    private async Task RunAsync()
    {
        using PeriodicTimer timer = new(options.HeartbeatInterval, clock.TimeProvider);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            foreach (IGrouping<CoordinatorLink, RootTransaction> transactions in _open.Values.GroupBy(t => t.Session.Link))
            {
                // One at a time to each: what isn't answered yet is still being said.
                if (!_underWay.TryGetValue(transactions.Key, out Task? sending) || sending.IsCompleted)
                {
                    _underWay[transactions.Key] = SendAsync(transactions);
                }
            }
        }
    }

    private async Task SendAsync(IGrouping<CoordinatorLink, RootTransaction> transactions)
    {
        foreach (RootTransaction[] some in transactions.Chunk(WireLimits.MaxHeartbeats))
        {
            try
            {
                V1.ClientReply reply = await transactions.Key.AskAsync(
                    new V1.ClientRequest { Heartbeat = ClientCallMapping.ToHeartbeat(options.ClientId, some.Select(t => t.Id)) },
                    options.CallTimeout,
                    _stop.Token);
                if (ClientCallMapping.TryRead(reply.Heartbeat, out ImmutableArray<(TransactionId Id, AbortReason Reason)> ended, out _))
                {
                    End(ended);
                }
            }
            catch (RpcException lost)
            {
                // Nothing is lost by it yet: the next one may arrive, and if none does the coordinator aborts.
                Log.HeartbeatLost(logger, transactions.Key.Key, some.Length, lost.Status.Detail);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private void End(ImmutableArray<(TransactionId Id, AbortReason Reason)> ended)
    {
        foreach ((TransactionId id, AbortReason reason) in ended)
        {
            if (_open.TryGetValue(id, out RootTransaction? transaction))
            {
                Log.EndedElsewhere(logger, id, reason);
                transaction.EndElsewhere(reason, OnCallbackFailed);
            }
        }
    }

    private void OnCallbackFailed(TransactionId id, Exception failure) => Log.CancellationFailed(logger, failure, id);
}
