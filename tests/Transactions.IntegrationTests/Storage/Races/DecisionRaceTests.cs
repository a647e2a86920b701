using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Coordinator.Server;
using Transactions.Coordinator.Server.Postgres;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Storage;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage.Races;

public sealed class DecisionRaceTests(PostgresFixture server) : IAsyncLifetime
{
    private const string InsertAbort = """
        insert into txn.decisions (id, kind, commit_ts, reason, writers, generations, unapplied, applied_at)
        values ($1, 2, 0, 15, '{}', '{}', '{}', txn.present())
        """;

    private const string InsertCommitUnderKey = """
        insert into txn.decisions (id, kind, commit_ts, reason, writers, generations, unapplied, applied_at, key_client, key)
        values ($1, 1, 9, 0, '{}', '{}', '{}', txn.present(), 'web', 'k')
        """;

    private static readonly long s_markLock = AdvisoryLocks.KeyOf("transactions/decisions/mark");
    private static readonly ShardGeneration s_writer = new(ShardId.Parse("payments/0"), new Generation(1));

    private readonly Ids _ids = new();
    private IDecisionLog _log = null!;
    private IDecisionLog _rival = null!;
    private Backend _hand = null!;
    private Backend _eye = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        string database = await server.NewDatabaseAsync(nameof(DecisionRaceTests));
        _log = await OpenAsync(database);
        _rival = await OpenAsync(database);
        await _log.EnsureClusterAsync("shop", ClockMode.Bounded, Cancel);
        _hand = await Backend.OpenAsync(database, Cancel);
        _eye = await Backend.OpenAsync(database, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _hand.DisposeAsync();
        await _eye.DisposeAsync();
        await _log.DisposeAsync();
        await _rival.DisposeAsync();
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task Record_RivalsInsertCommits_ReadsTheRivalsRow()
    {
        Decision commit = Commit();
        await _hand.RunAsync("begin");
        await _hand.RunAsync(InsertAbort, commit.Id.Value);
        Task<RecordResult> record = _log.RecordAsync([commit], Cancel);
        await _eye.UntilWaitingAsync(1, Cancel);
        await _hand.RunAsync("commit");

        RegisterContent.ById content = Assert.IsType<RegisterContent.ById>(Single(await record));
        Assert.Equal(Outcome.Aborted(AbortReason.Resolved), content.Decision.Outcome);
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task Record_RivalsInsertRollsBack_WritesItsOwn()
    {
        Decision commit = Commit();
        await _hand.RunAsync("begin");
        await _hand.RunAsync(InsertAbort, commit.Id.Value);
        Task<RecordResult> record = _log.RecordAsync([commit], Cancel);
        await _eye.UntilWaitingAsync(1, Cancel);
        await _hand.RunAsync("rollback");

        RegisterContent.ById content = Assert.IsType<RegisterContent.ById>(Single(await record));
        Assert.Equal(commit.Outcome, content.Decision.Outcome);
    }

    [Fact]
    [Trait("Rule", "D1")]
    [Trait("Rule", "D6")]
    public async Task Record_RivalTakesTheKey_ReadsTheHolder()
    {
        TransactionId rival = _ids.Next();
        await _hand.RunAsync("begin");
        await _hand.RunAsync(InsertCommitUnderKey, rival.Value);
        Task<RecordResult> record = _log.RecordAsync([Commit() with { Key = new("web", "k") }], Cancel);
        await _eye.UntilWaitingAsync(1, Cancel);
        await _hand.RunAsync("commit");

        Assert.Equal(rival, Assert.IsType<RegisterContent.ByKey>(Single(await record)).Holder.Id);
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task Record_CommitAgainstAbort_BothObeyOneOutcome()
    {
        for (int round = 0; round < 30; round++)
        {
            ImmutableArray<Decision> commits = [.. Enumerable.Range(0, 8).Select(_ => Commit())];
            ImmutableArray<Decision> aborts = [.. commits.Select(c => Decision.Abort(c.Id, AbortReason.Resolved))];

            RecordResult[] results = await Task.WhenAll(
                Task.Run(() => _log.RecordAsync(commits, Cancel)), Task.Run(() => _rival.RecordAsync(aborts, Cancel)));

            Assert.Equal(Outcomes(results[0]), Outcomes(results[1]));
        }
    }

    [Fact]
    [Trait("Rule", "D6")]
    public async Task Record_OneKeyFromTwoCoordinators_BothSeeOneHolder()
    {
        for (int round = 0; round < 30; round++)
        {
            Decision one = Commit() with { Key = new("web", $"{round}") };
            Decision other = Commit() with { Key = new("web", $"{round}") };

            RecordResult[] results = await Task.WhenAll(
                Task.Run(() => _log.RecordAsync([one], Cancel)), Task.Run(() => _rival.RecordAsync([other], Cancel)));

            RegisterContent[] contents = [.. results.Select(Single)];
            RegisterContent.ById winner = Assert.Single(contents.OfType<RegisterContent.ById>());
            Assert.Equal(winner.Decision.Id, Assert.Single(contents.OfType<RegisterContent.ByKey>()).Holder.Id);
        }
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task Record_Deadlock_IsRolledBackTransiently()
    {
        Decision first = Commit();
        Decision second = Commit();
        await _hand.RunAsync("begin");
        await _hand.RunAsync("set local deadlock_timeout = '60s'");
        await _hand.RunAsync(InsertAbort, second.Id.Value);
        Task<RecordResult> record = _log.RecordAsync([first, second], Cancel);
        await _eye.UntilWaitingAsync(1, Cancel);
        Task crossing = _hand.RunAsync(InsertAbort, first.Id.Value);

        Assert.True(Assert.IsType<RecordResult.RolledBack>(await record).IsTransient);
        await crossing;
        await _hand.RunAsync("rollback");
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Prune_InsertInFlight_RaisesTheMarkOnlyAfterIt()
    {
        Decision commit = Commit();
        await _hand.RunAsync("begin");
        await _hand.RunAsync(InsertAbort, commit.Id.Value);
        Task<RecordResult> record = _log.RecordAsync([commit], Cancel);
        await _eye.UntilWaitingAsync(1, Cancel);
        Task<Timestamp> prune = _rival.PruneAsync(Ids.At(1_000), Cancel);
        await _eye.UntilWaitingAsync(2, Cancel);

        Assert.Equal(0L, await _eye.ReadAsync<long>("select mark from txn.cluster"));
        await _hand.RunAsync("rollback");

        Assert.Equal(commit.Outcome, Assert.IsType<RegisterContent.ById>(Single(await record)).Decision.Outcome);
        Assert.Equal(Ids.At(1_000), await prune);
        Assert.NotNull((await _log.ReadAsync(commit.Id, null, Cancel)).ById);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Record_MarkBeingRaised_WaitsAndWritesNoRow()
    {
        Decision commit = Commit();
        await _hand.RunAsync("begin");
        await _hand.RunAsync("select pg_advisory_xact_lock($1)", s_markLock);
        await _hand.RunAsync("update txn.cluster set mark = $1", Ids.At(1_000).Value);
        Task<RecordResult> record = _log.RecordAsync([commit], Cancel);
        await _eye.UntilWaitingAsync(1, Cancel);
        await _hand.RunAsync("commit");

        Assert.Equal(new RegisterContent.BelowMark(Ids.At(1_000)), Single(await record));
        Assert.Equal(0L, await _eye.ReadAsync<long>("select count(*) from txn.decisions"));
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task MarkApplied_ManyCoordinatorsAtOnce_LosesNone()
    {
        ShardGeneration[] writers = [.. Enumerable.Range(0, 6).Select(i => new ShardGeneration(ShardId.Parse($"s/{i}"), new(1)))];
        Decision[] commits = [.. Enumerable.Range(0, 10).Select(_ => Commit() with { Writers = [.. writers] })];
        await _log.RecordAsync([.. commits], Cancel);

        await Task.WhenAll(writers.Select((w, i) => Task.Run(async () =>
        {
            IDecisionLog log = i % 2 == 0 ? _log : _rival;
            IEnumerable<Decision> order = i % 2 == 0 ? commits : commits.Reverse();
            Assert.True(await log.MarkAppliedAsync([.. order.Select(c => (c.Id, w.Shard))], Cancel));
        })));

        Assert.Empty(await _log.FindUnappliedAsync(100, Cancel));
    }

    private static async Task<IDecisionLog> OpenAsync(string database) => await PostgresDecisionLog.OpenAsync(
        ServerFixture.Storage(database) with { LockTimeout = NodaTime.Duration.FromSeconds(10) },
        NullLoggerFactory.Instance,
        TimeProvider.System,
        Cancel);

    private Decision Commit() => new(_ids.Next(), Outcome.Committed(Ids.At(50)), [s_writer]);

    private static RegisterContent Single(RecordResult result) =>
        Assert.Single(Assert.IsType<RecordResult.Committed>(result).Contents);

    private static Outcome[] Outcomes(RecordResult result) =>
        [.. Assert.IsType<RecordResult.Committed>(result).Contents.Cast<RegisterContent.ById>().Select(c => c.Decision.Outcome)];
}
