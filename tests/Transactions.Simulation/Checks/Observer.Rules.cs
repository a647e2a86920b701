using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

// Rules whose breach breaks no invariant by itself, since others stand behind them; seen where they are broken.
internal sealed partial class Observer
{
    private readonly Dictionary<(ShardGeneration Owner, TransactionId Id), Vote> _votes = [];
    private readonly HashSet<(string Shard, int Life, TransactionId Id)> _mayApply = [];
    private readonly HashSet<(string Coordinator, TransactionId Id)> _heldByKey = [];
    private readonly HashSet<(ShardId Shard, TransactionId Id)> _registeredAborts = [];
    private readonly Dictionary<(string Shard, int Life, Timestamp At), bool> _seesAll = [];

    /// <summary>A coordinator of another name answered a Commit: all that it may do is to say whose it is (X1).</summary>
    public void MisdirectedCommitAnswered(TransactionFacts facts, string coordinator, CoordinatorAnswer answer)
    {
        if (answer is not CoordinatorAnswer.Refused { Refusal.Reason: RefusalReason.OtherCoordinator })
        {
            world.Fail("X1", $"{coordinator} answered the Commit of {Describe.Id(facts.Id)}, which isn't its own, with {answer}");
        }
    }

    /// <summary>A client's ledger lets it commit (X2).</summary>
    public void Sealed(TransactionFacts facts, int callsInFlight)
    {
        if (callsInFlight > 0)
        {
            world.Fail("X2", $"the root of {Describe.Id(facts.Id)} commits while {callsInFlight} of its calls are in flight");
        }
    }

    /// <summary>A coordinator sends a batch to the decision log.</summary>
    public void Records(string coordinator, ImmutableArray<Decision> decisions)
    {
        for (int i = 1; i < decisions.Length; i++)
        {
            if (decisions[i].Id.CompareTo(decisions[i - 1].Id) < 0)
            {
                world.Fail("D1", $"{coordinator} sends {decisions.Length} decisions that aren't sorted by id: another's batch may deadlock with them");
            }
        }

        foreach (Decision decision in decisions)
        {
            if (_transactions.GetValueOrDefault(decision.Id) is { Key: null, Named: { IsEmpty: false } named } && !named.Any(shard => shard.Wrote))
            {
                world.Fail("D4", $"{coordinator} sends {decision.Outcome} of {Describe.Id(decision.Id)} to the register, and nothing was written in it");
            }
        }
    }

    /// <summary>A coordinator has read the decision log (D4, D6).</summary>
    public void HasRead(string coordinator, TransactionId? id, DecisionLookup? lookup)
    {
        if (id is not { } asked || lookup is null)
        {
            return;
        }

        if (lookup is { ById: null, ByKey: not null })
        {
            _heldByKey.Add((coordinator, asked));
        }
        else
        {
            _heldByKey.Remove((coordinator, asked));
        }
    }

    // D4: what the register holds by key is the answer where it holds nothing by id.
    private void CheckAnswersHolder(string coordinator, TransactionId id, AbortReason reason)
    {
        if (reason == AbortReason.Resolved && _heldByKey.Contains((coordinator, id)))
        {
            world.Fail("D4", $"{coordinator} answers that {Describe.Id(id)} aborted, and had read that another holds its key");
        }
    }

    // X1: neither dated beyond all that clocks may differ, nor allowed to last longer than a lifetime.
    private void CheckDates(TransactionFacts facts, string by)
    {
        ProtocolLimits limits = world.Scenario.Limits;
        TransactionContext context = facts.Context;
        long ahead = (limits.MaxOffset.BclCompatibleTicks / 10) + (2 * world.Scenario.MostUncertainty);
        if (context.Id.IssuedAt.Microseconds > world.Now + ahead)
        {
            world.Fail("X1", $"{by} takes {Describe.Id(facts.Id)}, which is dated {context.Id.IssuedAt}, and it is {Now}");
        }

        if (context.Deadline > context.Id.IssuedAt.Plus(limits.MaxLifetime))
        {
            world.Fail("X1", $"{by} takes {Describe.Id(facts.Id)}, whose deadline {context.Deadline} is more than a lifetime after {context.Id.IssuedAt}");
        }
    }

    // X2: whoever doesn't know what became of a call doesn't commit.
    private void CheckAllKnown(TransactionFacts facts, string by)
    {
        if (facts.HasLostACall)
        {
            world.Fail("X2", $"{by} says that {Describe.Id(facts.Id)} committed, and its client doesn't know what became of one of its calls");
        }
    }

    // X2: an operation that was refused doesn't count. Where none was lost, doubled or hidden, both sides count the same.
    private void CheckCount(SimShard shard, ShardFrame frame, AbortReason reason)
    {
        if (reason == AbortReason.CountMismatch
            && _transactions.TryGetValue(frame.Id, out TransactionFacts? facts)
            && facts is { IsCareless: false, HasLostACall: false, HasDoubledACall: false }
            && facts.Names(frame.Owner))
        {
            world.Fail("X2", $"{shard.Name} counts other operations of {Describe.Id(frame.Id)} than its client, and all of them were answered");
        }
    }

    // X7: a repeated Prepare repeats the stored vote, never a later one.
    private void CheckVoteIsTheFirst(SimShard shard, ShardFrame.Voted voted)
    {
        _mayApply.Add((shard.Name, shard.Life, voted.Id));
        if (!_votes.TryAdd((voted.Owner, voted.Id), voted.Vote) && _votes[(voted.Owner, voted.Id)] != voted.Vote)
        {
            world.Fail("X7", $"{shard.Name} votes {voted.Vote} for {Describe.Id(voted.Id)}, and had voted {_votes[(voted.Owner, voted.Id)]}");
        }
    }

    // L3: the votes of earlier generations, which an owner keeps.
    private void VotesLoaded(SimShard shard)
    {
        foreach (TransactionId id in Cluster.Databases[shard.Id].State.Prepared.Keys)
        {
            _mayApply.Add((shard.Name, shard.Life, id));
        }
    }

    // X10: a shard applies only what it voted YES for.
    private void CheckWasVotedFor(SimShard shard, TransactionId id)
    {
        if (_transactions.TryGetValue(id, out TransactionFacts? facts)
            && !facts.IsOnePhase
            && !_mayApply.Contains((shard.Name, shard.Life, id)))
        {
            world.Fail("X10", $"{shard.Name} takes {Describe.Id(id)} for committed, and had never voted for it");
        }
    }

    // D4: a shard that says "not committed" has seen to it that this stays so: by its register, or since it has ended it.
    private void CheckStaysUncommitted(SimShard shard, TransactionId id)
    {
        if (!_registeredAborts.Contains((shard.Id, id)) && !_endedAt.Contains((shard.Name, shard.Life, id)))
        {
            world.Fail("D4", $"{shard.Name} says that {Describe.Id(id)} isn't committed, and its register doesn't say so");
        }
    }

    /// <summary>A shard's statement reads at a timestamp, and sees the history horizon (S2).</summary>
    public void ReadsVersions(string shard, int life, Timestamp at, Timestamp horizon)
    {
        if (horizon == default || at == Timestamp.MaxValue)
        {
            return;
        }

        var key = (shard, life, at);
        _seesAll[key] = _seesAll.GetValueOrDefault(key) || at >= horizon;
    }

    // S2: the horizon is checked in the statement that reads.
    private void CheckAboveHorizon(SimShard shard, Timestamp at)
    {
        if (_seesAll.TryGetValue((shard.Name, shard.Life, at), out bool seesAll) && !seesAll)
        {
            world.Fail("S2", $"{shard.Name} serves a read at {at}, below the history horizon that its statement saw");
        }
    }

    // X11: only the owner of the named generation, or of a later one, may say NO.
    private void CheckMayRefuse(SimShard shard, ShardFrame frame)
    {
        if (_transactions.TryGetValue(frame.Id, out TransactionFacts? facts)
            && facts.IsOnePhase
            && facts.Named!.Value[0].Owner.Generation > frame.Owner.Generation)
        {
            world.Fail("X11", $"{shard.Name} refuses {Describe.Id(frame.Id)} as generation {frame.Owner.Generation}, and {facts.Named.Value[0].Owner} was asked");
        }
    }
}
