using Transactions.Clocks;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Owners;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Committing;

// X7, X8, X12: asks every named shard for its vote and decides.
internal sealed class Voting(
    Workspace work, TransactionTable table, ShardDirectory directory, TransactionEndings endings, Recording recording)
{
    private readonly ShardIndex _unanswered = new();
    private readonly DueQueue<long, TransactionId> _timeouts = new();
    private List<TransactionId> _waitingForClock = [];

    public void Start(TransactionRecord record)
    {
        record.MoveTo(TransactionState.Voting);
        _timeouts.Add(work.After(work.Options.VoteTimeout), record.Id);
        foreach (CommitShard shard in record.Sealed!.Set.Shards)
        {
            _unanswered.Add(shard.Owner.Shard, record.Id);
        }

        foreach (CommitShard shard in record.Sealed.Set.Shards)
        {
            if (record.State == TransactionState.Voting)
            {
                Ask(record, shard);
            }
        }
    }

    private void Ask(TransactionRecord record, CommitShard shard)
    {
        if (!directory.TryFind(shard.Owner.Shard, out ConnectedShard? connected)
            || connected.Owner.Generation < shard.Owner.Generation)
        {
            // Its owner has the vote timeout to connect.
            return;
        }

        if (connected.Owner.Generation > shard.Owner.Generation)
        {
            // X7: a later owner votes NO; the transaction's locks died with the earlier one.
            End(record, AbortReason.OwnerChanged);
            return;
        }

        directory.Send(shard.Owner.Shard, new CoordinatorFrame.Prepare(
            record.Id, shard.Owner.Generation, record.Sealed!.Floor, shard.Wrote, shard.Operations));
    }

    // A stream that broke took questions or answers with it; a repeated Prepare repeats the stored vote (X7).
    public void OnConnected(ShardId shard)
    {
        foreach (TransactionId id in _unanswered.Of(shard))
        {
            if (table.TryFind(id, TransactionState.Voting, out TransactionRecord? record))
            {
                SealedSet named = record.Sealed!;
                Ask(record, named.Set.Shards[named.IndexOf(shard)]);
            }
        }
    }

    public void OnVoted(TransactionRecord record, ShardGeneration owner, Vote vote)
    {
        SealedSet named = record.Sealed!;
        int index = named.IndexOf(owner.Shard);
        if (index < 0 || named.VoteOf(index) is not null)
        {
            return;
        }

        Generation asked = named.Set.Shards[index].Owner.Generation;
        if (!vote.IsYes)
        {
            // Undecided, it may be aborted whoever says NO; an earlier owner just wasn't the one asked.
            if (owner.Generation >= asked)
            {
                End(record, vote.Reason);
            }
        }
        else if (owner.Generation == asked)
        {
            named.SetVote(index, vote);
            _unanswered.Remove(owner.Shard, record.Id);
            if (named.HasAllVotes)
            {
                Decide(record);
            }
        }
    }

    // The shard dropped it by itself: a NO, unless it has voted (X4).
    public void OnDropped(TransactionRecord record, ShardGeneration owner, AbortReason reason)
    {
        if (record.Sealed!.Set.Names(owner))
        {
            OnVoted(record, owner, Vote.No(reason));
        }
    }

    private void Decide(TransactionRecord record)
    {
        SealedSet named = record.Sealed!;
        if (!work.Clock.IsHealthy)
        {
            // T3: no timestamp is chosen now. When the vote timeout comes first, it is aborted.
            _waitingForClock.Add(record.Id);
            return;
        }

        // X8
        Timestamp commitTimestamp = work.Mutation == Mutation.IgnorePrepareTimestamps ? named.Floor : named.LeastCommitTimestamp();
        if (!work.Clock.Interval.Accepts(commitTimestamp, work.Limits.MaxOffset))
        {
            // T2: a peer's timestamp that far ahead isn't adopted; its clock, or this one, is wrong.
            End(record, AbortReason.ClockUnhealthy);
        }
        else if (commitTimestamp > named.GreatestCommitTimestamp() && work.Mutation != Mutation.IgnoreValidUntil)
        {
            End(record, AbortReason.LeaseTooShort);
        }
        else
        {
            work.Sequence.Observe(commitTimestamp);
            recording.Decide(record, commitTimestamp);
        }
    }

    public void OnTime()
    {
        if (work.Clock.IsHealthy && _waitingForClock.Count > 0)
        {
            List<TransactionId> waiting = _waitingForClock;
            _waitingForClock = [];
            foreach (TransactionId id in waiting)
            {
                if (table.TryFind(id, TransactionState.Voting, out TransactionRecord? record))
                {
                    Decide(record);
                }
            }
        }

        while (_timeouts.TryTake(work.Microseconds, out TransactionId id))
        {
            if (table.TryFind(id, TransactionState.Voting, out TransactionRecord? record))
            {
                End(record, record.Sealed!.HasAllVotes ? AbortReason.ClockUnhealthy : AbortReason.VoteTimeout);
            }
        }
    }

    private void End(TransactionRecord record, AbortReason reason)
    {
        foreach (CommitShard shard in record.Sealed!.Set.Shards)
        {
            _unanswered.Remove(shard.Owner.Shard, record.Id);
        }

        endings.Abort(record, reason);
    }
}
