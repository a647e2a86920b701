using Transactions.Coordinator.Batching;
using Transactions.Coordinator.Delivering;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.InDoubt;

// D3: a prepared writer without word asks how its transaction ended.
internal sealed class InDoubtAnswers(
    Workspace work,
    TransactionTable table,
    EndedMemory ended,
    OutcomeDelivery delivery,
    DecisionQueue decisions,
    TransactionEndings endings)
{
    public void OnInDoubt(LinkId link, ShardFrame.InDoubt frame)
    {
        if (table.TryFind(frame.Id, out TransactionRecord? record))
        {
            SayPending(link, frame, record);
        }
        else if (delivery.TryFind(frame.Id, out Outcome? delivered))
        {
            Tell(link, frame, delivered.Value);
        }
        else if (ended.TryFind(frame.Id, out EndedTransaction? known) && known.Outcome is { } outcome)
        {
            Tell(link, frame, outcome);
        }
        else if (work.Mutation == Mutation.InDoubtIsAbort)
        {
            Tell(link, frame, Outcome.Aborted(AbortReason.CoordinatorLost));
        }
        else if (decisions.HasRoom)
        {
            // Not held: another coordinator's or another life's. The register's word counts, and abort is offered to it.
            RememberIfHome(frame);
            decisions.Add(
                Decision.Abort(frame.Id, AbortReason.CoordinatorLost), giveUpAfter: null, fate => OnFate(link, frame, fate));
        }

        // Without room it hears nothing and asks again.
    }

    // For the vote timeout at most. After that silence sends it to another coordinator, which may reach the log if this one
    // can't; the register then ends the transaction for this one too.
    private void SayPending(LinkId link, ShardFrame.InDoubt frame, TransactionRecord record)
    {
        if (!record.IsSealed || work.Microseconds <= record.SealedSince + Workspace.ToMicroseconds(work.Options.VoteTimeout))
        {
            Send(link, frame, new CoordinatorFrame.Pending(frame.Id));
        }
    }

    // X5: a Commit that comes after this must ask the log, too. Its deadline is a lifetime after its date at the latest.
    private void RememberIfHome(ShardFrame.InDoubt frame)
    {
        if (work.IsHome(frame.Home))
        {
            ended.Remember(frame.Id, frame.Id.IssuedAt.Plus(work.Limits.MaxLifetime), new(null, [], HasKey: true));
        }
    }

    private void OnFate(LinkId link, ShardFrame.InDoubt frame, DecisionFate fate)
    {
        switch (fate)
        {
            case DecisionFate.Held held:
                Tell(link, frame, held.Row.Outcome);
                break;
            case DecisionFate.KeyHeld:
                Tell(link, frame, Outcome.Aborted(AbortReason.IdempotencyKeyTaken));
                break;
            case DecisionFate.BelowMark:
                // D5: a commit's row outlives its last Applied, so that one still prepared wasn't committed.
                Tell(link, frame, Outcome.Aborted(AbortReason.Expired));
                break;
            case DecisionFate.NotWritten:
                // Nothing is known: it asks again.
                break;
            default:
                throw new ArgumentException($"{fate.GetType().Name} is no fate of a decision.", nameof(fate));
        }
    }

    private void Tell(LinkId link, ShardFrame.InDoubt frame, Outcome outcome) =>
        endings.WhenTold(outcome, () => Send(link, frame, new CoordinatorFrame.Ended(frame.Id, outcome)));

    private void Send(LinkId link, ShardFrame.InDoubt frame, CoordinatorFrame answer) =>
        work.Emit(new CoordinatorEffect.Send(link, frame.Owner.Shard, answer));
}
