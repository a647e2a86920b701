using System.Globalization;
using Xunit;

namespace Transactions.IntegrationTests.Faults;

/// <summary>All faults mixed, two at a time: for some seconds, or for as long as somebody asks.</summary>
[Trait("Category", "Faults")]
public sealed class MixedFaultTests
{
    /// <summary>How many minutes; some seconds from a fixed seed unless it is set.</summary>
    private const string Minutes = "TRANSACTIONS_FAULTS_MINUTES";

    /// <summary>The seed of a run of minutes; a random one unless it is set.</summary>
    private const string Seed = "TRANSACTIONS_FAULTS_SEED";

    private const int ShortSeed = 20_260_102;
    private const int DiskMegabytes = 512;
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task Histories_AllFaultsMixed_Hold()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        double? minutes = Environment.GetEnvironmentVariable(Minutes) is { Length: > 0 } asked
            ? double.Parse(asked, CultureInfo.InvariantCulture)
            : null;
        int seed = Environment.GetEnvironmentVariable(Seed) is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : minutes is null ? ShortSeed : Math.Abs(HashCode.Combine(TimeProvider.System.GetTimestamp(), Environment.ProcessId));
        FaultSchedule schedule = FaultSchedule.Mixed(seed, minutes is null ? Short : TimeSpan.FromMinutes(minutes.Value));

        await using FaultCluster cluster = await FaultCluster.StartAsync(DiskMegabytes, Print, token);
        string summary = await new FaultRun(cluster, "mixed", schedule, Print).RunAsync(token);
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
