using Transactions.Coordinator;
using Transactions.Model;

namespace Transactions.Simulation;

// Rules whose breach breaks no invariant by itself, since others stand behind them; seen where they are broken.
internal sealed partial class Observer
{
    /// <summary>A coordinator of another name answered a Commit: all that it may do is to say whose it is (X1).</summary>
    public void MisdirectedCommitAnswered(TransactionFacts facts, string coordinator, CoordinatorAnswer answer)
    {
        if (answer is not CoordinatorAnswer.Refused { Refusal.Reason: RefusalReason.OtherCoordinator })
        {
            world.Fail("X1", $"{coordinator} answered the Commit of {Describe.Id(facts.Id)}, which isn't its own, with {answer}");
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

    // X4, L1: as far as clocks keep their bounds, an owner admits only while its lease certainly lasts, so that nobody else can have taken the shard over.
    private void CheckAdmits(SimShard shard, ShardGeneration owner)
    {
        if (world.Scenario.ClockExcess == 0 && Cluster.Databases[shard.Id].State.Row is { } row && row.Generation != owner.Generation)
        {
            world.Fail("X4", $"{shard.Name} admits an operation as generation {owner.Generation}, and {row.Generation} owns the shard");
        }
    }
}
