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
    private readonly Askers _askers = new(work);

    public void OnInDoubt(LinkId link, ShardFrame.InDoubt frame)
    {
        if (table.TryFind(frame.Id, out TransactionRecord? record))
        {
            SayPending(link, frame, record);
            return;
        }

        // However often it asks during an outage, it waits once, and the log is asked once.
        bool isUnderWay = _askers.IsAwaited(frame.Id);
        bool isNoted = _askers.TryAdd(frame.Id, frame.Owner.Shard, link);
        if (isUnderWay || !isNoted)
        {
            // Without room it hears nothing and asks again.
            return;
        }

        if (delivery.TryFind(frame.Id, out Outcome? delivered))
        {
            Tell(frame.Id, delivered.Value);
        }
        else if (ended.TryFind(frame.Id, out EndedTransaction? known) && known.Outcome is { } outcome)
        {
            Tell(frame.Id, outcome);
        }
        else if (work.Mutation == Mutation.InDoubtIsAbort)
        {
            Tell(frame.Id, Outcome.Aborted(AbortReason.CoordinatorLost));
        }
        else
        {
            AskLog(frame);
        }
    }

    // Not held: another coordinator's or another life's. The register's word counts, and abort is offered to it.
    private void AskLog(ShardFrame.InDoubt frame)
    {
        if (!decisions.HasRoom)
        {
            _askers.Take(frame.Id);
            return;
        }

        RememberIfHome(frame);
        decisions.Add(
            Decision.Abort(frame.Id, AbortReason.CoordinatorLost), giveUpAfter: null, fate => OnFate(frame.Id, fate));
    }

    // For the vote timeout at most. After that silence sends it to another coordinator, which may reach the log if this one
    // can't; the register then ends the transaction for this one too.
    private void SayPending(LinkId link, ShardFrame.InDoubt frame, TransactionRecord record)
    {
        if (!record.IsSealed || work.Microseconds <= record.SealedSince + Workspace.ToMicroseconds(work.Options.VoteTimeout))
        {
            work.Emit(new CoordinatorEffect.Send(link, frame.Owner.Shard, new CoordinatorFrame.Pending(frame.Id)));
        }
    }

    // X5: a Commit that comes after this must ask the log, too. Its deadline is a lifetime after its date at the latest.
    private void RememberIfHome(ShardFrame.InDoubt frame)
    {
        if (work.IsHome(frame.Home))
        {
            ended.Remember(frame.Id, frame.Id.IssuedAt.Plus(work.Limits.MaxLifetime), new(null, [], HasKey: true, Client: null));
        }
    }

    private void OnFate(TransactionId id, DecisionFate fate)
    {
        switch (fate)
        {
            case DecisionFate.Held held:
                Tell(id, held.Row.Outcome);
                break;
            case DecisionFate.KeyHeld:
                Tell(id, Outcome.Aborted(AbortReason.IdempotencyKeyTaken));
                break;
            case DecisionFate.BelowMark when work.Mutation == Mutation.BelowMarkStaysPrepared:
                _askers.Take(id);
                break;
            case DecisionFate.BelowMark:
                // D5: a commit's row outlives its last Applied, so that one still prepared wasn't committed.
                Tell(id, Outcome.Aborted(AbortReason.Expired));
                break;
            case DecisionFate.NotWritten:
                // Nothing is known: they ask again.
                _askers.Take(id);
                break;
            default:
                throw new ArgumentException($"{fate.GetType().Name} is no fate of a decision.", nameof(fate));
        }
    }

    // To all that have asked by the time that it may be told.
    private void Tell(TransactionId id, Outcome outcome) => endings.WhenTold(outcome, () =>
    {
        foreach ((ShardId shard, LinkId link) in _askers.Take(id))
        {
            work.Emit(new CoordinatorEffect.Send(link, shard, new CoordinatorFrame.Ended(id, outcome)));
        }
    });
}
