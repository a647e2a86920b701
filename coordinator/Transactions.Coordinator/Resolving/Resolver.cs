using Transactions.Clocks;
using Transactions.Coordinator.Batching;
using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Committing;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Resolving;

// D4: finds out how a transaction ended, ending it if it hasn't. The caller is never left with "unknown".
internal sealed class Resolver(
    Workspace work,
    OpenCalls calls,
    TransactionTable table,
    EndedMemory ended,
    Admission admission,
    DecisionQueue decisions,
    DecisionReads reads,
    TransactionEndings endings,
    ShardAsking asking)
{
    private readonly Dictionary<TransactionId, Resolution> _underWay = [];

    public int Count => _underWay.Count;

    public bool IsResolving(TransactionId id) => _underWay.ContainsKey(id);

    // Any coordinator may be asked, so that the context's coordinator isn't looked at here.
    public void OnResolve(CoordinatorEvent.Resolve resolve)
    {
        calls.Open(resolve.Call);
        if (!CommitSet.TryMake(resolve.Shards, resolve.Key, resolve.Context, out CommitSet? set, out Refusal? refusal))
        {
            calls.Refuse(resolve.Call, refusal);
        }
        else if (table.TryFind(resolve.Context.Id, out TransactionRecord? record))
        {
            OnHeld(resolve.Call, record, resolve.Context, set);
        }
        else
        {
            Resolve(resolve.Call, resolve.Context, set);
        }
    }

    // Still held here: what is being decided is waited for, what isn't sealed is ended.
    private void OnHeld(CallId call, TransactionRecord record, TransactionContext context, CommitSet set)
    {
        if (record.Context.Client != context.Client)
        {
            calls.Refuse(call, Refusals.OtherClient());
        }
        else if (record.Sealed is { } sealedSet)
        {
            if (!sealedSet.Set.IsSameAs(set))
            {
                calls.Refuse(call, Refusals.OtherSet());
            }
            else if (record.Waiters.TryJoin(call))
            {
                calls.RefuseAfter(call, work.Options.VoteTimeout, Refusals.Pending());
            }
        }
        else
        {
            // Never sealed, so that nobody can have committed it.
            endings.Abort(record, AbortReason.Resolved);
            Resolve(call, context, set);
        }
    }

    // The call is open; the transaction isn't held here.
    public void Resolve(CallId call, TransactionContext context, CommitSet set)
    {
        TransactionId id = context.Id;
        if (ended.TryFind(id, out EndedTransaction? known) && known.IsAnothers(context.Client))
        {
            calls.Refuse(call, Refusals.OtherClient());
            return;
        }

        if (set.Key is null && known?.Outcome is { } outcome)
        {
            // With a key there may be a result, or another holder of the key (D6): the log says.
            calls.AnswerOutcome(call, id, outcome, null);
            return;
        }

        if (_underWay.TryGetValue(id, out Resolution? resolution))
        {
            Join(call, resolution, context.Client, set);
            return;
        }

        if (CheckCanResolve(id, set) is { } refusal)
        {
            calls.Refuse(call, refusal);
            return;
        }

        if (work.IsHome(context.Coordinator))
        {
            // X5: it never begins here after this, however late its Enlists and its Commit come. A deadline beyond the longest lifetime
            // is refused everywhere (X1), and whatever its client signed, the memory isn't kept longer.
            Timestamp deadline = Timestamp.Min(context.Deadline, id.IssuedAt.Plus(work.Limits.MaxLifetime));
            ended.Remember(id, deadline, new(null, [], set.Key is not null, Client: null));
        }

        resolution = new(id, context.Client, set, new Waiters(calls));
        _underWay.Add(id, resolution);
        Join(call, resolution, context.Client, set);
        reads.Start(id, set.Key, lookup => OnRead(resolution, lookup));
    }

    private Refusal? CheckCanResolve(TransactionId id, CommitSet set)
    {
        if (!set.HasWriter && set.Key is null && work.Mutation != Mutation.ResolveReaders)
        {
            return Refusals.NothingWritten();
        }

        if (admission.IsInFuture(id))
        {
            // X1: hardly anybody can have accepted it, and its abort would lie in the log until its date.
            return Refusals.ResolvedTooEarly();
        }

        if (!decisions.HasRoom)
        {
            return Refusals.TooManyDecisions(work.Options.MaxQueuedDecisions);
        }

        if (!reads.HasRoom)
        {
            return Refusals.TooManyReads(work.Options.MaxQueuedDecisions);
        }

        return _underWay.Count < work.Options.MaxOpenTransactions
            ? null
            : Refusals.TooManyResolutions(work.Options.MaxOpenTransactions);
    }

    private void Join(CallId call, Resolution resolution, string client, CommitSet set)
    {
        if (resolution.Client != client)
        {
            // One of them isn't its client, and nobody can say which: the end of the first's asking is waited for.
            calls.Refuse(call, Refusals.Pending());
        }
        else if (!resolution.Set.IsSameAs(set))
        {
            calls.Refuse(call, Refusals.OtherSet());
        }
        else if (resolution.Waiters.TryJoin(call))
        {
            calls.RefuseAfter(call, work.Options.VoteTimeout, Refusals.Pending());
        }
    }

    private void OnRead(Resolution resolution, DecisionLookup? lookup)
    {
        switch (lookup)
        {
            case null:
                Finish(resolution, Refusals.LogUnavailable());
                break;
            case { ById: { } row }:
                Finish(resolution, row);
                break;
            case { ByKey: { } holder } when work.Mutation != Mutation.ResolveIgnoresKey:
                // D6: with the key taken, this transaction can't commit any more.
                Finish(resolution, holder);
                break;
            case { Mark: var mark } when resolution.Id.IssuedAt <= mark:
                // D5: its row, if there was one, may be gone.
                FinishBelowMark(resolution);
                break;
            default:
                EndIt(resolution);
                break;
        }
    }

    // Finding nothing proves nothing (D2): only a register can end it.
    private void EndIt(Resolution resolution)
    {
        if (work.Mutation == Mutation.SelectProvesAbort)
        {
            Finish(resolution, Outcome.Aborted(AbortReason.Resolved));
            return;
        }

        if (resolution.Set.IsKeylessOneShard)
        {
            asking.Start(resolution, RecordAbort, outcome => Finish(resolution, outcome), refusal => Finish(resolution, refusal));
        }
        else
        {
            RecordAbort(resolution);
        }
    }

    private void RecordAbort(Resolution resolution) => decisions.Add(
        Decision.Abort(resolution.Id, AbortReason.Resolved), giveUpAfter: null, fate => OnFate(resolution, fate));

    private void OnFate(Resolution resolution, DecisionFate fate)
    {
        switch (fate)
        {
            case DecisionFate.Held held:
                Finish(resolution, held.Row);
                break;
            case DecisionFate.KeyHeld held:
                Finish(resolution, held.Holder);
                break;
            case DecisionFate.BelowMark:
                FinishBelowMark(resolution);
                break;
            case DecisionFate.NotWritten:
                Finish(resolution, Refusals.LogUnavailable());
                break;
            default:
                throw new ArgumentException($"{fate.GetType().Name} is no fate of a decision.", nameof(fate));
        }
    }

    private void FinishBelowMark(Resolution resolution)
    {
        if (work.Mutation == Mutation.BelowMarkIsAbort)
        {
            Finish(resolution, Outcome.Aborted(AbortReason.Resolved));
        }
        else
        {
            Finish(resolution, Refusals.Expired());
        }
    }

    private void Finish(Resolution resolution, Decision row)
    {
        // D6: a key is scoped to the client whose transaction it is.
        if (row.Key is { } key && key.Client != resolution.Client)
        {
            Finish(resolution, Refusals.OtherClient());
        }
        else
        {
            FinishWhenTold(resolution, row.Id, row.Outcome, row.Result);
        }
    }

    private void Finish(Resolution resolution, Outcome outcome) => FinishWhenTold(resolution, resolution.Id, outcome, null);

    // Under way until it is told (X9): who asks again while the clock keeps it back joins, and nothing piles up.
    private void FinishWhenTold(Resolution resolution, TransactionId told, Outcome outcome, ReadOnlyMemory<byte>? result) =>
        endings.WhenTold(outcome, () =>
        {
            _underWay.Remove(resolution.Id);
            resolution.Waiters.AnswerOutcome(told, outcome, result);
        });

    private void Finish(Resolution resolution, Refusal refusal)
    {
        _underWay.Remove(resolution.Id);
        resolution.Waiters.Refuse(refusal);
    }
}
