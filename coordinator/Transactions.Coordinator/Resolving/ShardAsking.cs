using Transactions.Clocks;
using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Owners;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Resolving;

// D4: asks the only shard of a transaction how it ended there, until the shard answers or nobody wants to know any more.
internal sealed class ShardAsking(Workspace work, ShardDirectory directory)
{
    private readonly Dictionary<TransactionId, Asked> _asked = [];
    private readonly ShardIndex _unanswered = new();
    private readonly DueQueue<long, TransactionId> _repeats = new();

    private sealed record Asked(
        Resolution Resolution, Action<Resolution> AskLog, Action<Outcome> Answered, Action<Refusal> Refused)
    {
        public ShardGeneration Owner => Resolution.Set.Shards[0].Owner;
    }

    public void Start(Resolution resolution, Action<Resolution> askLog, Action<Outcome> answered, Action<Refusal> refused)
    {
        Asked asked = new(resolution, askLog, answered, refused);
        _asked.Add(resolution.Id, asked);
        _unanswered.Add(asked.Owner.Shard, resolution.Id);
        _repeats.Add(work.After(work.Options.ResendInterval), resolution.Id);
        Ask(asked);
    }

    // An earlier owner's tombstone would bind nobody.
    private void Ask(Asked asked) => directory.SendFrom(asked.Owner, new CoordinatorFrame.ResolveOnePhase(asked.Resolution.Id));

    public void OnConnected(ShardId shard)
    {
        foreach (TransactionId id in _unanswered.Of(shard))
        {
            Ask(_asked[id]);
        }
    }

    public void OnResolved(ShardFrame.Resolved frame)
    {
        if (!_asked.TryGetValue(frame.Id, out Asked? asked)
            || frame.Owner.Shard != asked.Owner.Shard
            || frame.Owner.Generation < asked.Owner.Generation
            || frame.Resolution.Kind == ShardResolutionKind.Unspecified)
        {
            return;
        }

        Remove(asked);
        switch (frame.Resolution.Kind)
        {
            case ShardResolutionKind.Committed:
                work.Sequence.Observe(frame.Resolution.CommitTimestamp);
                asked.Answered(Outcome.Committed(frame.Resolution.CommitTimestamp));
                break;
            case ShardResolutionKind.NotCommitted or ShardResolutionKind.Voted:
                // One-phase can't commit it any more; whether two-phase did, the log knows.
                asked.AskLog(asked.Resolution);
                break;
            case ShardResolutionKind.Expired:
                asked.Refused(Refusals.Expired());
                break;
            case ShardResolutionKind.Unspecified:
                break;
        }
    }

    public void OnTime()
    {
        while (_repeats.TryTake(work.Microseconds, out TransactionId id))
        {
            if (!_asked.TryGetValue(id, out Asked? asked))
            {
                continue;
            }

            if (asked.Resolution.Waiters.IsAnyOpen)
            {
                Ask(asked);
                _repeats.Add(work.After(work.Options.ResendInterval), id);
            }
            else
            {
                Remove(asked);
                asked.Refused(Refusals.Pending());
            }
        }
    }

    private void Remove(Asked asked)
    {
        _asked.Remove(asked.Resolution.Id);
        _unanswered.Remove(asked.Owner.Shard, asked.Resolution.Id);
    }
}
