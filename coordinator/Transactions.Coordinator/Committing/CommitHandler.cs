using Transactions.Clocks;
using Transactions.Coordinator.Batching;
using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.OnePhase;
using Transactions.Coordinator.Resolving;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Committing;

// X6: what a Commit is answered, and which way a transaction goes once it is sealed.
internal sealed class CommitHandler(
    Workspace work,
    OpenCalls calls,
    TransactionTable table,
    EndedMemory ended,
    Admission admission,
    DecisionQueue decisions,
    TransactionEndings endings,
    Voting voting,
    Recording recording,
    OnePhaseCommits onePhase,
    Resolver resolver)
{
    public void OnCommit(CoordinatorEvent.Commit commit)
    {
        calls.Open(commit.Call);
        TransactionContext context = commit.Context;
        if (context.Coordinator.Name != work.Self.Name && work.Mutation != Mutation.ResolveMisdirected)
        {
            // X1: resolving instead would kill live transactions behind a load balancer.
            calls.Refuse(commit.Call, Refusals.OtherCoordinator(context.Coordinator.Name));
            return;
        }

        if (!CommitSet.TryMake(commit.Shards, commit.Key, context, out CommitSet? set, out Refusal? refusal))
        {
            calls.Refuse(commit.Call, refusal);
            return;
        }

        if (commit.Result is not null && commit.Key is null)
        {
            calls.Refuse(commit.Call, Refusal.Invalid(
                "result", "A result is stored under a key, and none was given; give a key or no result."));
            return;
        }

        if (table.TryFind(context.Id, out TransactionRecord? record))
        {
            OnKnown(commit, record, set);
        }
        else if (!work.IsHome(context.Coordinator) || ended.TryFind(context.Id, out _) || resolver.IsResolving(context.Id))
        {
            // X1: it may have committed, so it is never answered ABORTED unless that is proven (D4).
            if (work.Mutation == Mutation.AbortStrangeCommits)
            {
                calls.AnswerOutcome(commit.Call, context.Id, Outcome.Aborted(AbortReason.CoordinatorLost), null);
                return;
            }

            resolver.Resolve(commit.Call, context, set);
        }
        else
        {
            OnUnknown(commit, set);
        }
    }

    private void OnKnown(CoordinatorEvent.Commit commit, TransactionRecord record, CommitSet set)
    {
        if (record.Context.Client != commit.Context.Client)
        {
            calls.Refuse(commit.Call, Refusals.OtherClient());
            return;
        }

        if (record.Sealed is { } sealedSet)
        {
            // X6: no second set. The same one joins what is under way.
            if (sealedSet.Set.IsSameAs(set))
            {
                Join(commit.Call, record);
            }
            else
            {
                calls.Refuse(commit.Call, Refusals.OtherSet());
            }

            return;
        }

        if (CheckCanDecide(commit, set) is { } refusal)
        {
            calls.Refuse(commit.Call, refusal);
        }
        else if (record.Waiters.TryJoin(commit.Call))
        {
            if (work.MayHavePassed(record.Context.Deadline))
            {
                // X5: known here and not sealed, so that this is proof.
                endings.Abort(record, AbortReason.DeadlinePassed);
                return;
            }

            SealAndGo(commit, record, set);
        }
    }

    private void OnUnknown(CoordinatorEvent.Commit commit, CommitSet set)
    {
        // An unknown id before its deadline is new (X5); whether it is before its deadline, only a healthy clock says.
        Refusal? refusal = work.Clock.IsHealthy
            ? admission.CheckDates(commit.Context)
            : Refusals.Unhealthy(work.Clock.Health);
        if (refusal is null && work.MayHavePassed(commit.Context.Deadline))
        {
            // X1: it may have ended here and been forgotten.
            resolver.Resolve(commit.Call, commit.Context, set);
            return;
        }

        refusal ??= admission.CheckRoom() ?? CheckCanDecide(commit, set);
        if (refusal is not null)
        {
            calls.Refuse(commit.Call, refusal);
            return;
        }

        TransactionRecord record = table.Add(commit.Context);
        if (record.Waiters.TryJoin(commit.Call))
        {
            SealAndGo(commit, record, set);
        }
    }

    // What must hold before anything is changed. A Commit that was taken up before, here or in another life, doesn't come
    // this way, so that a limit never makes a committed transaction look as if it had been refused.
    private Refusal? CheckCanDecide(CoordinatorEvent.Commit commit, CommitSet set)
    {
        if (set.Shards.Length > work.Options.MaxShards)
        {
            return Refusals.TooManyShards(set.Shards.Length, work.Options.MaxShards);
        }

        if (commit.Result is { } result && result.Length > work.Options.MaxResultBytes)
        {
            return Refusals.ResultTooLong(result.Length, work.Options.MaxResultBytes);
        }

        if (!work.Clock.IsHealthy)
        {
            return Refusals.Unhealthy(work.Clock.Health);
        }

        return NeedsRecord(set) && !decisions.HasRoom ? Refusals.TooManyDecisions(work.Options.MaxQueuedDecisions) : null;
    }

    // X12: nothing written and no key needs no record; X11: a single shard is its own record.
    private static bool NeedsRecord(CommitSet set) => set.Key is not null || (set.HasWriter && !set.IsKeylessOneShard);

    public void Join(CallId call, TransactionRecord record)
    {
        if (record.Waiters.TryJoin(call) && record.State == TransactionState.OnePhase)
        {
            onePhase.LimitWait(call);
        }
    }

    private void SealAndGo(CoordinatorEvent.Commit commit, TransactionRecord record, CommitSet set)
    {
        // X6: taken on this Commit's arrival, from the reading that came with it (T4).
        Timestamp floor = work.Clock.Latest;
        work.Sequence.Observe(floor);
        record.Seal(set, commit.Result, floor, work.Microseconds);
        if (FindMismatch(record, set) is { } reason)
        {
            endings.Abort(record, reason);
            return;
        }

        if (NeedsRecord(set))
        {
            decisions.Reserve();
            record.HasReservation = true;
        }

        if (set is { IsKeylessOneShard: true, HasWriter: true })
        {
            onePhase.Start(record, commit.Call);
        }
        else if (set.Shards.IsEmpty || (work.Mutation == Mutation.ReadersNeedNoVote && !set.HasWriter))
        {
            // Nobody to ask: it did nothing, and is committed at its floor, with a record if it has a key.
            recording.Decide(record, floor);
        }
        else
        {
            voting.Start(record);
        }
    }

    // X6: null when what is enlisted is among what is named.
    private AbortReason? FindMismatch(TransactionRecord record, CommitSet set)
    {
        if (set.NamesShardTwice)
        {
            return AbortReason.OwnerChanged;
        }

        foreach (ShardGeneration enlisted in record.Enlisted.Where(e => !set.Names(e)))
        {
            if (set.Shards.Any(s => s.Owner.Shard == enlisted.Shard))
            {
                return AbortReason.OwnerChanged;
            }

            if (work.Mutation != Mutation.SealAcceptsUnnamedShard)
            {
                return AbortReason.SetMismatch;
            }
        }

        return null;
    }
}
