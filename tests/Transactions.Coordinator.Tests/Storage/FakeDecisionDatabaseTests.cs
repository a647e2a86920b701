using Transactions.Clocks;
using Transactions.Model;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.Coordinator.Tests.Storage;

/// <summary>What the fake does beyond the contract: faults and crashes.</summary>
public sealed class FakeDecisionDatabaseTests
{
    private readonly Ids _ids = new();

    [Theory]
    [Trait("Rule", "D1")]
    [InlineData(true)]
    [InlineData(false)]
    public void Record_ReadsBackWhatIsNotDurableYet_MakesItDurable(bool flushesReadBacks)
    {
        FakeDecisionDatabase database = Make(flushesReadBacks);
        Decision commit = Commit();
        database.Record([commit], StorageFault.AmbiguousWritten);

        RegisterContent content = Content(database.Record([Decision.Abort(commit.Id, AbortReason.Resolved)]));
        Assert.Equal(commit, Assert.IsType<RegisterContent.ById>(content).Decision);
        database.Crash();

        Assert.Equal(flushesReadBacks, database.Decisions.Contains(commit));
    }

    [Fact]
    [Trait("Rule", "D1")]
    public void Read_FindsWhatIsNotDurableYet_MakesItDurable()
    {
        FakeDecisionDatabase database = Make();
        Decision commit = Commit();
        database.Record([commit], StorageFault.AmbiguousWritten);

        Assert.Equal(commit, database.Read(commit.Id, null)!.ById);
        database.Crash();

        Assert.Equal([commit], database.Decisions);
    }

    [Fact]
    [Trait("Rule", "D1")]
    [Trait("Rule", "D5")]
    public void FindUnapplied_FindsWhatIsNotDurableYet_MakesItDurable()
    {
        FakeDecisionDatabase database = Make();
        Decision commit = Commit();
        database.Record([commit], StorageFault.AmbiguousWritten);

        Assert.Equal([commit.Id], database.FindUnapplied(10)!.Value.Select(d => d.Id));
        database.Crash();

        Assert.Equal([commit], database.Decisions);
    }

    [Fact]
    [Trait("Rule", "D2")]
    public void RunLate_AbortWasFaster_ChangesNothing()
    {
        FakeDecisionDatabase database = Make();
        Decision commit = Commit();
        Assert.IsType<RecordResult.Ambiguous>(database.Record([commit], StorageFault.AmbiguousLate));
        Decision abort = Decision.Abort(commit.Id, AbortReason.CoordinatorLost);
        database.Record([abort]);

        database.RunLate();

        Assert.Equal([abort], database.Decisions);
    }

    [Theory]
    [InlineData(StorageFault.RolledBack)]
    [InlineData(StorageFault.AmbiguousLost)]
    public void Record_NotWritten_IsNotThere(StorageFault fault)
    {
        FakeDecisionDatabase database = Make();

        RecordResult result = database.Record([Commit()], fault);

        Assert.Equal(fault == StorageFault.RolledBack, result is RecordResult.RolledBack { IsTransient: true });
        Assert.Empty(database.Decisions);
    }

    [Fact]
    public void IsAvailable_False_AnswersNothingAndWritesNothing()
    {
        FakeDecisionDatabase database = Make();
        database.IsAvailable = false;

        Assert.Null(database.EnsureCluster("shop", ClockMode.Bounded));
        Assert.Null(database.Read(_ids.Next(), null));
        Assert.Null(database.FindUnapplied(1));
        Assert.Null(database.Prune(Ids.At(9)));
        Assert.False(database.MarkApplied([]));
        Assert.IsType<RecordResult.RolledBack>(database.Record([Commit()]));
        Assert.Empty(database.Decisions);
    }

    private static FakeDecisionDatabase Make(bool flushesReadBacks = true) =>
        new(() => Ids.At(1_000_000)) { FlushesReadBacks = flushesReadBacks };

    private Decision Commit() =>
        new(_ids.Next(), Outcome.Committed(Ids.At(5)), [new ShardGeneration(ShardId.Parse("payments/0"), new Generation(1))]);

    private static RegisterContent Content(RecordResult result) =>
        Assert.Single(Assert.IsType<RecordResult.Committed>(result).Contents);
}
