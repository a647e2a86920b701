using Xunit;

namespace Transactions.IntegrationTests.Faults;

/// <summary>
/// Real processes and real PostgreSQL servers under each kind of fault, from a fixed seed: nothing acknowledged is ever missing,
/// everything that clients saw is strictly serializable, and everything ends.
/// </summary>
[Trait("Category", "Faults")]
[Collection(FaultCollection.Name)]
public sealed class FaultTests(FaultClusterFixture fixture)
{
    private const int Seed = 20_260_101;

    [Fact]
    [Trait("Rule", "D3")]
    [Trait("Rule", "D4")]
    [Trait("Rule", "L3")]
    public Task Histories_ProcessesKilled_Hold() => SurviveAsync(
        "killed", FaultKind.KillParticipant, FaultKind.KillCoordinator);

    [Fact]
    [Trait("Rule", "L1")]
    [Trait("Rule", "L2")]
    public Task Histories_OwnerStoppedBeyondItsLease_Hold() => SurviveAsync("stopped", FaultKind.StopOwner, FaultKind.StopCoordinator);

    [Fact]
    [Trait("Rule", "L2")]
    [Trait("Rule", "L3")]
    public Task Histories_OwnersFight_Hold() => SurviveAsync("fight", FaultKind.OwnersFight);

    [Fact]
    [Trait("Rule", "X2")]
    [Trait("Rule", "D4")]
    public Task Histories_ConnectionsBroken_Hold() => SurviveAsync(
        "broken", [.. Enumerable.Repeat<FaultKind[]>([FaultKind.BreakLink, FaultKind.CutLink, FaultKind.LinkDown], 2).SelectMany(kinds => kinds)]);

    [Fact]
    [Trait("Rule", "L6")]
    public Task Histories_OneWaySlowOrSilent_Hold() => SurviveAsync(
        "silent", [.. Enumerable.Repeat<FaultKind[]>([FaultKind.SlowLink, FaultKind.BlackHole], 3).SelectMany(kinds => kinds)]);

    [Fact]
    [Trait("Rule", "D2")]
    [Trait("Rule", "L6")]
    public Task Histories_PostgresKilledAndFrozen_Hold() => SurviveAsync(
        "postgres", FaultKind.KillPostgres, FaultKind.FreezePostgres, FaultKind.KillPostgres);

    [Fact]
    [Trait("Rule", "L6")]
    [Trait("Rule", "X7")]
    public Task Histories_DiskFull_Hold() => SurviveAsync("full", FaultKind.DiskFull, FaultKind.DiskFull);

    private async Task SurviveAsync(string name, params FaultKind[] kinds)
    {
        ITestOutputHelper output = TestContext.Current.TestOutputHelper!;
        FaultRun run = new(fixture.Cluster, name, FaultSchedule.Of(Seed, kinds), output.WriteLine);
        await run.RunAsync(TestContext.Current.CancellationToken);
    }
}
