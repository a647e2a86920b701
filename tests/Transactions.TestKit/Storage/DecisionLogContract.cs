using System.Collections.Immutable;
using System.Text;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Coordinator.Server;
using Transactions.Model;
using Xunit;

namespace Transactions.TestKit.Storage;

/// <summary>What every decision log must keep, in memory or in PostgreSQL.</summary>
/// <remarks>Ids are dated about 2020, long before the server's present, from which the retention counts.</remarks>
public abstract class DecisionLogContract : IAsyncLifetime
{
    private static readonly ShardGeneration Payments = new(ShardId.Parse("payments/0"), new Generation(3));
    private static readonly ShardGeneration Orders = new(ShardId.Parse("orders/1"), new Generation(1));

    // Above every moment at which a test may run.
    private static readonly Timestamp FarFuture = Timestamp.FromMicroseconds(7_000_000_000_000_000);

    private readonly Ids _ids = new();

    /// <summary>One coordinator's log.</summary>
    protected IDecisionLog Log { get; private set; } = null!;

    /// <summary>Another coordinator's way to the same log.</summary>
    protected IDecisionLog Rival { get; private set; } = null!;

    /// <summary>Ends with the test.</summary>
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Opens a coordinator's way to the test's log, which is empty at first. The test disposes of it.</summary>
    protected abstract Task<IDecisionLog> OpenAsync();

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync()
    {
        Log = await OpenAsync();
        Rival = await OpenAsync();
        await Log.EnsureClusterAsync("shop", ClockMode.Bounded, Cancel);
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Log.DisposeAsync();
        await Rival.DisposeAsync();
    }

    [Fact]
    [Trait("Rule", "T5")]
    public async Task EnsureCluster_Same_IsAccepted() => await Rival.EnsureClusterAsync("shop", ClockMode.Bounded, Cancel);

    [Theory]
    [Trait("Rule", "T5")]
    [InlineData("shop", ClockMode.Hybrid)]
    [InlineData("bank", ClockMode.Bounded)]
    public async Task EnsureCluster_OtherNameOrMode_IsRefused(string cluster, ClockMode mode)
    {
        var refusal = await Assert.ThrowsAsync<ClusterMismatchException>(() => Rival.EnsureClusterAsync(cluster, mode, Cancel));

        Assert.Contains("'shop'", refusal.Message, StringComparison.Ordinal);
        await Log.EnsureClusterAsync("shop", ClockMode.Bounded, Cancel);
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task Record_NewDecisions_HoldsThemInTheOrderGiven()
    {
        Decision first = Commit(_ids.Next(5), 10, Payments, Orders) with { Key = new("web", "k1"), Result = "paid"u8.ToArray() };
        Decision second = Commit(_ids.Next(1), 11, Payments);
        Decision third = Decision.Abort(_ids.Next(3), AbortReason.Resolved);

        ImmutableArray<RegisterContent> contents = await RecordAsync(first, second, third);

        AssertById(contents[0], first);
        AssertById(contents[1], second);
        AssertById(contents[2], third);
        AssertSame(first, (await Rival.ReadAsync(first.Id, null, Cancel)).ById);
        AssertSame(third, (await Rival.ReadAsync(third.Id, null, Cancel)).ById);
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task Record_AbortAfterCommit_StaysCommitted()
    {
        Decision commit = Commit(_ids.Next(), 10, Payments);
        await RecordAsync(commit);

        AssertById(await RecordOneAsync(Decision.Abort(commit.Id, AbortReason.Resolved)), commit);
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task Record_CommitAfterAbort_StaysAborted()
    {
        Decision abort = Decision.Abort(_ids.Next(), AbortReason.CoordinatorLost);
        await RecordAsync(abort);

        AssertById(await RecordOneAsync(Commit(abort.Id, 10, Payments) with { Key = new("web", "k") }), abort);
        Assert.Null((await Log.ReadAsync(null, new("web", "k"), Cancel)).ByKey);
    }

    [Fact]
    [Trait("Rule", "D6")]
    public async Task Record_KeyTaken_AnswersTheHolderAndWritesNothing()
    {
        Decision holder = Commit(_ids.Next(), 10, Payments) with { Key = new("web", "k"), Result = "first"u8.ToArray() };
        await RecordAsync(holder);
        Decision second = Commit(_ids.Next(), 11, Orders) with { Key = new("web", "k"), Result = "second"u8.ToArray() };

        RegisterContent content = await RecordOneAsync(second);

        AssertSame(holder, Assert.IsType<RegisterContent.ByKey>(content).Holder);
        Assert.Null((await Log.ReadAsync(second.Id, null, Cancel)).ById);
    }

    [Fact]
    [Trait("Rule", "D6")]
    public async Task Record_SameKeyOfAnotherClient_IsAnotherKey()
    {
        await RecordAsync(Commit(_ids.Next(), 10, Payments) with { Key = new("web", "k") });
        Decision other = Commit(_ids.Next(), 11, Payments) with { Key = new("app", "k") };

        AssertById(await RecordOneAsync(other), other);
    }

    [Fact]
    [Trait("Rule", "D6")]
    public async Task Record_OneKeyTwiceInABatch_LetsOneWin()
    {
        Decision later = Commit(_ids.Next(9), 10, Payments) with { Key = new("web", "k") };
        Decision earlier = Commit(_ids.Next(2), 11, Payments) with { Key = new("web", "k") };

        ImmutableArray<RegisterContent> contents = await RecordAsync(later, earlier);

        AssertSame(earlier, Assert.IsType<RegisterContent.ByKey>(contents[0]).Holder);
        AssertById(contents[1], earlier);
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task Record_RowByIdAndRowByKey_IdWins()
    {
        await RecordAsync(Commit(_ids.Next(), 10, Payments) with { Key = new("web", "k") });
        Decision mine = Decision.Abort(_ids.Next(), AbortReason.Resolved);
        await RecordAsync(mine);

        AssertById(await RecordOneAsync(Commit(mine.Id, 11, Payments) with { Key = new("web", "k") }), mine);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Record_IdAtTheMark_WritesNoRow()
    {
        Assert.Equal(Ids.At(50), await Log.PruneAsync(Ids.At(50), Cancel));
        Decision below = Commit(_ids.Next(50), 100, Payments);
        Decision abortBelow = Decision.Abort(_ids.Next(49), AbortReason.Resolved);
        Decision above = Commit(_ids.Next(51), 101, Payments);

        ImmutableArray<RegisterContent> contents = await RecordAsync(below, abortBelow, above);

        Assert.Equal(new RegisterContent.BelowMark(Ids.At(50)), contents[0]);
        Assert.Equal(new RegisterContent.BelowMark(Ids.At(50)), contents[1]);
        AssertById(contents[2], above);
        Assert.Null((await Log.ReadAsync(below.Id, null, Cancel)).ById);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Record_RowBelowTheMark_IsStillAnswered()
    {
        Decision unapplied = Commit(_ids.Next(10), 20, Payments) with { Key = new("web", "k") };
        await RecordAsync(unapplied);
        await Log.PruneAsync(Ids.At(50), Cancel);

        AssertById(await RecordOneAsync(Decision.Abort(unapplied.Id, AbortReason.Resolved)), unapplied);
        RegisterContent byKey = await RecordOneAsync(Commit(_ids.Next(60), 70, Orders) with { Key = new("web", "k") });
        AssertSame(unapplied, Assert.IsType<RegisterContent.ByKey>(byKey).Holder);
    }

    [Fact]
    [Trait("Rule", "D2")]
    public async Task Read_NothingThere_FindsNothing()
    {
        await Log.PruneAsync(Ids.At(7), Cancel);

        Assert.Equal(new DecisionLookup(null, null, Ids.At(7)), await Log.ReadAsync(_ids.Next(), new("web", "k"), Cancel));
    }

    [Fact]
    [Trait("Rule", "D6")]
    public async Task Read_ByIdAndKey_FindsBoth()
    {
        Decision one = Commit(_ids.Next(), 10, Payments) with { Key = new("web", "k"), Result = ReadOnlyMemory<byte>.Empty };
        Decision other = Commit(_ids.Next(), 11, Payments);
        await RecordAsync(one, other);

        DecisionLookup ofTwo = await Log.ReadAsync(other.Id, one.Key, Cancel);
        AssertSame(other, ofTwo.ById);
        AssertSame(one, ofTwo.ByKey);

        DecisionLookup ofOne = await Log.ReadAsync(one.Id, one.Key, Cancel);
        AssertSame(one, ofOne.ById);
        AssertSame(one, ofOne.ByKey);

        AssertSame(one, (await Log.ReadAsync(null, one.Key, Cancel)).ByKey);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task FindUnapplied_SomeWritersLacking_NamesThoseOldestFirst()
    {
        Decision young = Commit(_ids.Next(9), 10, Payments, Orders);
        Decision old = Commit(_ids.Next(2), 11, Payments, Orders);
        Decision done = Commit(_ids.Next(1), 12, Payments);
        await RecordAsync(young, old, done, Decision.Abort(_ids.Next(), AbortReason.Resolved), Commit(_ids.Next(), 13));

        Assert.True(await Log.MarkAppliedAsync(
            [(done.Id, Payments.Shard), (young.Id, Orders.Shard), (_ids.Next(), Orders.Shard), (old.Id, ShardId.Parse("x/0"))],
            Cancel));

        ImmutableArray<Decision> found = await Rival.FindUnappliedAsync(10, Cancel);
        Assert.Equal([old.Id, young.Id], found.Select(d => d.Id));
        Assert.Equal([Payments, Orders], found[0].Writers);
        Assert.Equal([Payments], found[1].Writers);
        Assert.Equal([old.Id], (await Rival.FindUnappliedAsync(1, Cancel)).Select(d => d.Id));
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task MarkApplied_AllWritersTwice_LeavesNothingUnapplied()
    {
        Decision commit = Commit(_ids.Next(), 10, Payments, Orders);
        await RecordAsync(commit);

        Assert.True(await Log.MarkAppliedAsync([(commit.Id, Payments.Shard), (commit.Id, Orders.Shard)], Cancel));
        Assert.True(await Rival.MarkAppliedAsync([(commit.Id, Orders.Shard)], Cancel));

        Assert.Empty(await Log.FindUnappliedAsync(10, Cancel));
        AssertSame(commit, (await Log.ReadAsync(commit.Id, null, Cancel)).ById);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Prune_NotAppliedEverywhere_KeepsTheRow()
    {
        Decision commit = Commit(_ids.Next(), 10, Payments, Orders);
        await RecordAsync(commit);
        await Log.MarkAppliedAsync([(commit.Id, Payments.Shard)], Cancel);

        await Log.PruneAsync(FarFuture, Cancel);

        AssertSame(commit, (await Log.ReadAsync(commit.Id, null, Cancel)).ById);
        Assert.Equal([Orders], Assert.Single(await Log.FindUnappliedAsync(10, Cancel)).Writers);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Prune_AppliedAfterTheMark_KeepsTheRowForItsRetention()
    {
        Decision commit = Commit(_ids.Next(10), 20, Payments);
        Decision abort = Decision.Abort(_ids.Next(10), AbortReason.Resolved);
        await RecordAsync(commit, abort);
        await Log.MarkAppliedAsync([(commit.Id, Payments.Shard)], Cancel);

        await Log.PruneAsync(Ids.At(1_000), Cancel);
        AssertSame(commit, (await Log.ReadAsync(commit.Id, null, Cancel)).ById);
        AssertSame(abort, (await Log.ReadAsync(abort.Id, null, Cancel)).ById);

        await Log.PruneAsync(FarFuture, Cancel);
        Assert.Null((await Log.ReadAsync(commit.Id, null, Cancel)).ById);
        Assert.Null((await Log.ReadAsync(abort.Id, null, Cancel)).ById);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Prune_LowerMark_NeverFalls()
    {
        await Log.PruneAsync(Ids.At(50), Cancel);

        Assert.Equal(Ids.At(50), await Rival.PruneAsync(Ids.At(40), Cancel));
    }

    private static Decision Commit(TransactionId id, long at, params ShardGeneration[] writers) =>
        new(id, Outcome.Committed(Ids.At(at)), [.. writers]);

    private async Task<RegisterContent> RecordOneAsync(Decision decision) => Assert.Single(await RecordAsync(decision));

    private async Task<ImmutableArray<RegisterContent>> RecordAsync(params Decision[] decisions) =>
        Assert.IsType<RecordResult.Committed>(await Log.RecordAsync([.. decisions], Cancel)).Contents;

    private static void AssertById(RegisterContent content, Decision expected) =>
        AssertSame(expected, Assert.IsType<RegisterContent.ById>(content).Decision);

    private static void AssertSame(Decision expected, Decision? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal((expected.Id, expected.Outcome, expected.Key), (actual.Id, actual.Outcome, actual.Key));
        Assert.Equal(expected.Writers, actual.Writers);
        Assert.Equal(Text(expected.Result), Text(actual.Result));
    }

    private static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Encoding.UTF8.GetString(some.Span) : null;
}
