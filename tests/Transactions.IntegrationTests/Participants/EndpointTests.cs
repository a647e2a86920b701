using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Transactions.Hosting;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Participant.Server;
using Xunit;

namespace Transactions.IntegrationTests.Participants;

/// <summary>What a participant tells others of where it answers.</summary>
public sealed class EndpointTests
{
    [Theory]
    [InlineData("http://0.0.0.0:7200")]
    [InlineData("http://[::]:7200")]
    public async Task Start_OnEveryAddressWithoutAnEndpoint_EndsWithTheRemedy(string address)
    {
        LogLines log = new();
        await using WebApplication app = Build(address, endpoint: null, log);
        try
        {
            await app.StartAsync(TestContext.Current.CancellationToken);
            await app.WaitForShutdownAsync(TestContext.Current.CancellationToken);

            Assert.Equal(1, Environment.ExitCode);
            (_, _, string text) = Assert.Single(log.All, line => line.Id == 2202);
            Assert.Contains("Participant:Endpoint", text, StringComparison.Ordinal);
        }
        finally
        {
            Environment.ExitCode = 0;
        }
    }

    [Theory]
    [InlineData("http://0.0.0.0:7200", "http://payments.internal:7200", "http://payments.internal:7200")]
    [InlineData("http://127.0.0.1:7200", null, "http://127.0.0.1:7200")]
    public async Task Start_WithAnAddressThatOthersCanDial_SaysThat(string address, string? endpoint, string said)
    {
        LogLines log = new();
        await using WebApplication app = Build(address, endpoint, log);
        await app.StartAsync(TestContext.Current.CancellationToken);

        await Eventually.IsTrueAsync(() => Task.FromResult(log.Count(2201) == 1), () => string.Join('\n', log.All));
        Assert.Contains($"answers at {said},", log.All.Single(line => line.Id == 2201).Text, StringComparison.Ordinal);
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("http://0.0.0.0:7200", "http://127.0.0.1:7200")]
    [InlineData("http://[::]:7200", "http://[::1]:7200")]
    public async Task FindAddress_OnEveryAddress_IsOneThatThisMachineCanDial(string address, string local)
    {
        await using WebApplication app = Build(address, endpoint: null, new LogLines());

        Assert.Equal(local, GrpcListening.FindAddress(app.Services));
        Assert.Null(GrpcListening.FindEndpoint(app.Services));
    }

    // Nothing listens: where it would is all that matters here.
    private static WebApplication Build(string address, string? endpoint, LogLines log)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddSingleton<IServer>(new NoServer(address));
        builder.Services.AddCluster(TestCluster.Configure);
        builder.Services.AddTransactionParticipant(o =>
        {
            o.Endpoint = endpoint;
            o.Shards.Add("payments", "Host=127.0.0.1;Port=1");
            o.Coordinators.Add(new Uri("http://127.0.0.1:1"));
        });
        return builder.Build();
    }

    private sealed class NoServer : IServer
    {
        public NoServer(string address)
        {
            ServerAddressesFeature addresses = new();
            addresses.Addresses.Add(address);
            Features.Set<IServerAddressesFeature>(addresses);
        }

        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }

        private sealed class ServerAddressesFeature : IServerAddressesFeature
        {
            public ICollection<string> Addresses { get; } = [];

            public bool PreferHostingUrls { get; set; }
        }
    }
}
