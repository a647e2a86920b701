using Transactions.Coordinator.Server;
using Transactions.Hosting;
using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Settings at their bounds and beyond, and that a fault names the setting.</summary>
public sealed class SettingsTests
{
    [Fact]
    public void FindFaults_Defaults_FindsNothing() => Assert.Empty(Valid().FindFaults());

    [Theory]
    [InlineData("")]
    [InlineData(64)]
    public void FindFaults_Name_AllowsItsRangeOnly(object name)
    {
        CoordinatorServerOptions options = Valid();
        options.Name = name as string ?? new string('n', (int)name);

        Assert.Contains("Coordinator:Name", Assert.Single(options.FindFaults()), StringComparison.Ordinal);
        options.Name = new string('n', 63);
        Assert.Empty(options.FindFaults());
    }

    [Theory]
    [InlineData(512, true)]
    [InlineData(511, false)]
    [InlineData(10_000_000, true)]
    [InlineData(10_000_001, false)]
    public void FindFaults_MaxQueuedFrames_AllowsItsRangeOnly(int frames, bool isAllowed)
    {
        CoordinatorServerOptions options = Valid();
        options.Streams.MaxQueuedFrames = frames;

        Check(options, isAllowed, "Coordinator:Streams:MaxQueuedFrames");
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(0, false)]
    [InlineData(100_000, true)]
    [InlineData(100_001, false)]
    public void FindFaults_MaxParticipants_AllowsItsRangeOnly(int participants, bool isAllowed)
    {
        CoordinatorServerOptions options = Valid();
        options.Streams.MaxParticipants = participants;

        Check(options, isAllowed, "Coordinator:Streams:MaxParticipants");
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(0, false)]
    [InlineData(100_000, true)]
    [InlineData(100_001, false)]
    public void FindFaults_MaxClients_AllowsItsRangeOnly(int clients, bool isAllowed)
    {
        CoordinatorServerOptions options = Valid();
        options.Streams.MaxClients = clients;

        Check(options, isAllowed, "Coordinator:Streams:MaxClients");
    }

    [Theory]
    [InlineData(512, true)]
    [InlineData(511, false)]
    [InlineData(10_000_000, true)]
    [InlineData(10_000_001, false)]
    public void FindFaults_MaxUnhandledFrames_AllowsItsRangeOnly(int frames, bool isAllowed)
    {
        CoordinatorServerOptions options = Valid();
        options.Streams.MaxUnhandledFrames = frames;

        Check(options, isAllowed, "Coordinator:Streams:MaxUnhandledFrames");
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(0, false)]
    [InlineData(1_000_000, true)]
    [InlineData(1_000_001, false)]
    public void FindFaults_MaxOpenCalls_AllowsItsRangeOnly(int calls, bool isAllowed)
    {
        CoordinatorServerOptions options = Valid();
        options.MaxOpenCalls = calls;

        Check(options, isAllowed, "Coordinator:MaxOpenCalls");
    }

    [Theory]
    [InlineData(1_000, true)]
    [InlineData(1_001, false)]
    public void FindFaults_Peers_AllowsItsRangeOnly(int peers, bool isAllowed)
    {
        CoordinatorServerOptions options = Valid();
        for (int i = 0; i < peers; i++)
        {
            options.Peers.Add(new() { Name = $"peer-{i}", Endpoint = "http://10.0.0.1:7100" });
        }

        Check(options, isAllowed, "Coordinator:Peers");
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(99, false)]
    [InlineData(60_000, true)]
    [InlineData(60_001, false)]
    public void FindFaults_HelloTimeout_AllowsItsRangeOnly(int milliseconds, bool isAllowed)
    {
        CoordinatorServerOptions options = Valid();
        options.Streams.HelloTimeout = TimeSpan.FromMilliseconds(milliseconds);

        Check(options, isAllowed, "Coordinator:Streams:HelloTimeout");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    [InlineData(600_000, true)]
    [InlineData(600_001, false)]
    public void FindFaults_DrainTimeout_AllowsItsRangeOnly(int milliseconds, bool isAllowed)
    {
        CoordinatorServerOptions options = Valid();
        options.DrainTimeout = TimeSpan.FromMilliseconds(milliseconds);

        Check(options, isAllowed, "Coordinator:DrainTimeout");
    }

    [Fact]
    public void FindFaults_PeerWithItsOwnName_NamesIt()
    {
        CoordinatorServerOptions options = Valid();
        options.Peers.Add(new() { Name = "one", Endpoint = "http://10.0.0.1:7100" });

        Assert.Contains("'one'", Assert.Single(options.FindFaults()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("db.example:7100")]
    [InlineData("ftp://db.example")]
    public void FindFaults_PeerWithoutUri_NamesTheSetting(string endpoint)
    {
        CoordinatorServerOptions options = Valid();
        options.Peers.Add(new() { Name = "two", Endpoint = endpoint });

        Assert.Contains("Coordinator:Peers:0:Endpoint", Assert.Single(options.FindFaults()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no Base64 at all!")]
    [InlineData("c2hvcnQ=")]
    [InlineData("YWFhYWFhYWFhYWFhYWFhYWFhYWE=")]
    public void FindFaults_BadSecret_SaysHowToMakeOneAndDoesNotShowIt(string secret)
    {
        ClusterOptions options = new() { Name = "tests", Secret = secret };

        string fault = Assert.Single(options.FindFaults());
        Assert.Contains("Cluster:Secret", fault, StringComparison.Ordinal);
        Assert.Contains("openssl rand", fault, StringComparison.Ordinal);
        Assert.True(secret.Length == 0 || !fault.Contains(secret, StringComparison.Ordinal));
    }

    private static CoordinatorServerOptions Valid() => new() { Name = "one", ConnectionString = "Host=db;Database=log" };

    private static void Check(CoordinatorServerOptions options, bool isAllowed, string setting)
    {
        if (isAllowed)
        {
            Assert.Empty(options.FindFaults());
        }
        else
        {
            Assert.Contains(setting, Assert.Single(options.FindFaults()), StringComparison.Ordinal);
        }
    }
}
