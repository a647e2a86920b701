using Transactions.Coordinator.Committing;
using Transactions.Coordinator.Delivering;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.InDoubt;
using Transactions.Coordinator.OnePhase;
using Transactions.Coordinator.Resolving;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Sessions;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Owners;

// What shards say, handed to the part that waits for it.
internal sealed class FrameRouter(
    Workspace work,
    TransactionTable table,
    EndedMemory ended,
    OutcomeDelivery delivery,
    TransactionEndings endings,
    Voting voting,
    OnePhaseCommits onePhase,
    ShardAsking asking,
    Enlisting enlisting,
    InDoubtAnswers inDoubt)
{
    public void Route(LinkId link, ShardFrame frame)
    {
        switch (frame)
        {
            case ShardFrame.Enlist enlist:
                enlisting.OnEnlist(link, enlist);
                break;
            case ShardFrame.Voted voted:
                OnVoted(link, voted);
                break;
            case ShardFrame.OnePhaseEnded answer:
                if (table.TryFind(answer.Id, TransactionState.OnePhase, out TransactionRecord? record))
                {
                    onePhase.OnEnded(record, answer.Owner, answer.Outcome);
                }

                break;
            case ShardFrame.Applied applied:
                delivery.OnApplied(applied.Id, applied.Owner.Shard);
                break;
            case ShardFrame.InDoubt asked:
                inDoubt.OnInDoubt(link, asked);
                break;
            case ShardFrame.Dropped dropped:
                OnDropped(dropped);
                break;
            case ShardFrame.Resolved resolved:
                asking.OnResolved(resolved);
                break;
            default:
                throw new ArgumentException($"{frame.GetType().Name} is no frame of a shard.", nameof(frame));
        }
    }

    private void OnVoted(LinkId link, ShardFrame.Voted voted)
    {
        if (table.TryFind(voted.Id, out TransactionRecord? record))
        {
            if (record.State == TransactionState.Voting)
            {
                voting.OnVoted(record, voted.Owner, voted.Vote);
            }
        }
        else if (voted.Vote.IsYes && ended.TryFind(voted.Id, out EndedTransaction? known) && known.Outcome is { } outcome)
        {
            // It came too late to count, and the shard needn't ask what it counted for.
            work.Emit(new CoordinatorEffect.Send(link, voted.Owner.Shard, new CoordinatorFrame.Ended(voted.Id, outcome)));
        }
    }

    // A one-phase commit that was asked for is answered by its own frame alone (X11).
    private void OnDropped(ShardFrame.Dropped dropped)
    {
        if (!table.TryFind(dropped.Id, out TransactionRecord? record))
        {
            return;
        }

        if (record.State == TransactionState.Open && record.Enlisted.Contains(dropped.Owner))
        {
            endings.Abort(record, dropped.Reason);
        }
        else if (record.State == TransactionState.Voting)
        {
            voting.OnDropped(record, dropped.Owner, dropped.Reason);
        }
    }
}
