using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Committing;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Owners;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.OnePhase;

// X11: the only shard decides. Once it was asked, nothing but its answer ends the transaction here.
internal sealed class OnePhaseCommits(
    Workspace work,
    OpenCalls calls,
    TransactionTable table,
    ShardDirectory directory,
    TransactionEndings endings,
    CommitWaits waits)
{
    private readonly ShardIndex _unanswered = new();
    private readonly DueQueue<long, (TransactionId Id, int Repeats)> _repeats = new();
    private readonly DueQueue<long, TransactionId> _timeouts = new();

    public void Start(TransactionRecord record, CallId call)
    {
        record.MoveTo(TransactionState.OnePhase);
        _unanswered.Add(ShardOf(record).Owner.Shard, record.Id);
        _timeouts.Add(work.After(work.Options.VoteTimeout), record.Id);
        _repeats.Add(work.AfterRepeats(0), (record.Id, 1));
        LimitWait(call);
        Ask(record);
    }

    // Until the shard answers, the caller hears UNAVAILABLE: in doubt is no outcome.
    public void LimitWait(CallId call) => calls.RefuseAfter(call, work.Options.VoteTimeout, Refusals.Pending());

    // A later owner is asked too: it has loaded the register and answers what that holds, or NO (L3).
    private void Ask(TransactionRecord record)
    {
        CommitShard shard = ShardOf(record);
        CoordinatorFrame.CommitOnePhase frame = new(
            record.Id, shard.Owner.Generation, record.Sealed!.Floor, shard.Wrote, shard.Operations);
        record.WasAskedToCommit |= work.Mutation == Mutation.AskAnyOwnerForOnePhase
            ? directory.Send(shard.Owner.Shard, frame)
            : directory.SendFrom(shard.Owner, frame);
    }

    public void OnConnected(ShardId shard)
    {
        foreach (TransactionId id in _unanswered.Of(shard))
        {
            if (table.TryFind(id, TransactionState.OnePhase, out TransactionRecord? record))
            {
                Ask(record);
            }
        }
    }

    public void OnEnded(TransactionRecord record, ShardGeneration owner, Outcome outcome)
    {
        ShardGeneration asked = ShardOf(record).Owner;
        if (owner.Shard != asked.Shard)
        {
            return;
        }

        // Only the generation named, or a later one after its load, knows; an earlier one's refusal is no answer.
        if (owner.Generation < asked.Generation && work.Mutation != Mutation.AnyOwnerRefusesOnePhase)
        {
            return;
        }

        _unanswered.Remove(owner.Shard, record.Id);
        if (outcome.IsCommitted)
        {
            // X9: told here as late as everywhere. A decided timestamp is never refused (T2).
            record.MoveTo(TransactionState.Waiting);
            work.Sequence.Observe(outcome.CommitTimestamp);
            waits.WhenPast(outcome.CommitTimestamp, () => endings.EndOnePhase(record, outcome));
        }
        else
        {
            endings.EndOnePhase(record, outcome);
        }
    }

    public void OnTime()
    {
        while (_timeouts.TryTake(work.Microseconds, out TransactionId id))
        {
            if (table.TryFind(id, TransactionState.OnePhase, out TransactionRecord? record)
                && (!record.WasAskedToCommit || work.Mutation == Mutation.TimeoutEndsOnePhase))
            {
                // Nobody was ever asked to commit it: that is proof.
                _unanswered.Remove(ShardOf(record).Owner.Shard, record.Id);
                endings.Abort(record, AbortReason.VoteTimeout);
            }
        }

        while (_repeats.TryTake(work.Microseconds, out (TransactionId Id, int Repeats) due))
        {
            if (table.TryFind(due.Id, TransactionState.OnePhase, out TransactionRecord? record))
            {
                Ask(record);
                _repeats.Add(work.AfterRepeats(due.Repeats), (due.Id, due.Repeats + 1));
            }
        }
    }

    private static CommitShard ShardOf(TransactionRecord record) => record.Sealed!.Set.Shards[0];
}
