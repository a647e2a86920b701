using System.Diagnostics;
using Grpc.Net.Client;
using Transactions.Contracts;
using Transactions.Coordinator.Server;
using Transactions.IntegrationTests.Fixtures;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>The coordinator as a process: what its parent sees.</summary>
public sealed class ProcessTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Start_PortZero_SaysWhereItListensAndServesThere()
    {
        using Process process = Start(("Coordinator__ConnectionString", await postgres.NewDatabaseAsync("process")));
        try
        {
            string? line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)
                .AsTask().WaitAsync(Patience, TimeProvider.System, TestContext.Current.CancellationToken);
            Assert.Matches(@"^listening on http://127\.0\.0\.1:\d+$", line);

            using GrpcChannel channel = GrpcChannel.ForAddress(line!["listening on ".Length..]);
            V1.HelloReply? hello = null;
            await Eventually.IsTrueAsync(
                async () => (hello = await TryHelloAsync(channel)) is not null, () => "It never serves.");
            Assert.Equal("process", hello!.Coordinator);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task Start_WithoutSettings_SaysWhatIsMissingAndFails()
    {
        using Process process = Start(("Coordinator__Name", ""), ("Cluster__Secret", ""));
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, process.ExitCode);
        Assert.Contains("Cluster:Secret", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    private static Process Start(params (string Name, string Value)[] settings)
    {
        ProcessStartInfo start = new("dotnet", [typeof(CoordinatorServices).Assembly.Location])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        (string Name, string Value)[] common =
        [
            ("Coordinator__Name", "process"),
            ("Coordinator__Listen", "http://127.0.0.1:0"),
            ("Cluster__Name", TestCluster.Name),
            ("Cluster__Secret", TestCluster.Options.Secret),
            ("Cluster__FixedClockBound", "00:00:00.001"),
        ];
        foreach ((string name, string value) in common.Concat(settings))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static async Task<V1.HelloReply?> TryHelloAsync(GrpcChannel channel)
    {
        try
        {
            return await new V1.Coordinator.CoordinatorClient(channel).HelloAsync(ClientHandshake.Introduce(TestCluster.Name, "test"));
        }
        catch (Grpc.Core.RpcException)
        {
            return null;
        }
    }
}
