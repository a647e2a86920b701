using Transactions.Clocks;
using Transactions.Coordinator.Batching;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Committing;

// D1 and X9: a decision to commit becomes durable while its timestamp passes; it is told when both are done.
internal sealed class Recording(Workspace work, TransactionEndings endings, DecisionQueue decisions, CommitWaits waits)
{
    public void Decide(TransactionRecord record, Timestamp commitTimestamp)
    {
        SealedSet named = record.Sealed!;
        if (named is { Set: { HasWriter: false, Key: null } })
        {
            // X12: nothing that anybody could have to apply, and no key: nothing to record.
            CommitWhenPast(record, commitTimestamp, null);
            return;
        }

        record.MoveTo(TransactionState.Recording);
        record.HasReservation = false;
        decisions.Release();
        Decision decision = new(record.Id, Outcome.Committed(commitTimestamp), named.Writers())
        {
            Key = named.Set.Key,
            Result = named.Result,
        };

        // X9: the wait runs beside the recording, so that it is asked for now and most often over when that is done.
        waits.WhenPast(commitTimestamp, static () => { });
        decisions.Add(decision, record.Context.Deadline, fate => OnFate(record, fate));
        if (work.Mutation == Mutation.AnswerBeforeDurable)
        {
            CommitWhenPast(record, commitTimestamp, decision.Result);
        }
    }

    private void OnFate(TransactionRecord record, DecisionFate fate)
    {
        if (record.State != TransactionState.Recording)
        {
            return;
        }

        switch (fate)
        {
            case DecisionFate.Held { Row: { Outcome: { IsCommitted: true } outcome } row }:
                CommitWhenPast(record, outcome.CommitTimestamp, row.Result);
                break;
            case DecisionFate.Held held:
                // D1: write-once. Somebody resolved it before this insert came (D3, D4), or D2 ended it.
                endings.Abort(record, held.Row.Outcome.Reason);
                break;
            case DecisionFate.KeyHeld held:
                endings.AbortInFavourOf(record, held.Holder);
                break;
            case DecisionFate.BelowMark { MayHaveCommitted: true }:
                endings.Abort(record, AbortReason.Expired);
                break;
            case DecisionFate.BelowMark:
                // D5: the first and only insert was refused, so that nothing is there and nothing will be.
                endings.Abort(record, AbortReason.DeadlinePassed);
                break;
            case DecisionFate.NotWritten notWritten:
                endings.Abort(record, notWritten.Reason);
                break;
            default:
                throw new ArgumentException($"{fate.GetType().Name} is no fate of a decision.", nameof(fate));
        }
    }

    public void CommitWhenPast(TransactionRecord record, Timestamp commitTimestamp, ReadOnlyMemory<byte>? result)
    {
        record.MoveTo(TransactionState.Waiting);
        waits.WhenPast(commitTimestamp, () => endings.Commit(record, commitTimestamp, result));
    }
}
