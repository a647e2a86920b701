using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client.Tests;

// The decision log that all fake coordinators of a test share: write-once, by id and by key.
internal sealed class FakeLog(IReadOnlyList<FakeShard> shards)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TransactionId, CommitResult> _byId = [];
    private readonly Dictionary<IdempotencyKey, CommitResult> _byKey = [];

    public CommitResult? Find(TransactionId id)
    {
        lock (_lock)
        {
            return _byId.GetValueOrDefault(id);
        }
    }

    public CommitResult? Find(IdempotencyKey key)
    {
        lock (_lock)
        {
            return _byKey.GetValueOrDefault(key);
        }
    }

    public CommitResult Decide(CommitOrder order, Outcome outcome)
    {
        lock (_lock)
        {
            if (_byId.TryGetValue(order.Context.Id, out CommitResult? decided))
            {
                return decided;
            }

            if (order.Key is { } key && _byKey.TryGetValue(key, out CommitResult? first))
            {
                _byId[order.Context.Id] = new(order.Context.Id, Outcome.Aborted(AbortReason.IdempotencyKeyTaken), null);
                return first;
            }

            CommitResult result = new(order.Context.Id, outcome, outcome.IsCommitted ? order.Result : null);
            _byId[order.Context.Id] = result;
            if (outcome.IsCommitted)
            {
                if (order.Key is { } own)
                {
                    _byKey[own] = result;
                }

                foreach (FakeShard shard in shards)
                {
                    shard.Commit(order.Context.Id, outcome.CommitTimestamp);
                }
            }

            return result;
        }
    }
}
