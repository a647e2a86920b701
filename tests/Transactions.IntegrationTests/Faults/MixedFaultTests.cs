using System.Globalization;
using Xunit;

namespace Transactions.IntegrationTests.Faults;

/// <summary>All faults mixed, two at a time: for some seconds, or for as long as somebody asks.</summary>
[Trait("Category", "Faults")]
[Collection(FaultCollection.Name)]
public sealed class MixedFaultTests(FaultClusterFixture fixture)
{
    /// <summary>How many minutes; some seconds from a fixed seed unless it is set.</summary>
    private const string Minutes = "TRANSACTIONS_FAULTS_MINUTES";

    /// <summary>The seed of a run of minutes; a random one unless it is set.</summary>
    private const string Seed = "TRANSACTIONS_FAULTS_SEED";

    private const int ShortSeed = 20_260_102;
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(5);

    internal static double? AskedMinutes { get; } = Environment.GetEnvironmentVariable(Minutes) is { Length: > 0 } asked
        ? double.Parse(asked, CultureInfo.InvariantCulture)
        : null;

    [Fact]
    public async Task Histories_AllFaultsMixed_Hold()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        int seed = Environment.GetEnvironmentVariable(Seed) is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : AskedMinutes is null ? ShortSeed : Math.Abs(HashCode.Combine(TimeProvider.System.GetTimestamp(), Environment.ProcessId));
        FaultSchedule schedule = FaultSchedule.Mixed(seed, AskedMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : Short);

        string summary = await new FaultRun(fixture.Cluster, "mixed", schedule, Print).RunAsync(token);
        await KeepSummaryAsync(summary, token);
    }

    // Whoever waits for minutes wants to see them pass.
    private static void Print(string line)
    {
        TestContext.Current.TestOutputHelper!.WriteLine(line);
        TestContext.Current.SendDiagnosticMessage(line);
    }

    private static async Task KeepSummaryAsync(string summary, CancellationToken cancellationToken)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "faults")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "mixed.txt"), summary + "\n", cancellationToken);
    }
}
