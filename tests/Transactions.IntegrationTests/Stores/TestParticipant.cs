using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Model;
using Transactions.Participant.Server;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Stores;

/// <summary>A participant as an application hosts it, with one shard, listening on a port of its own, and reached through gRPC only.</summary>
internal sealed class TestParticipant : IAsyncDisposable
{
    public const string Shard = "solo/0";

    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private TestParticipant(WebApplication app, LogLines lines, BreakableClock clock)
    {
        (_app, Lines, Clock) = (app, lines, clock);
        Endpoint = GrpcListening.FindAddress(app.Services);
        _channel = GrpcChannel.ForAddress(Endpoint);
        Store = new(_channel);
    }

    public string Endpoint { get; }

    public V1.Store.StoreClient Store { get; }

    public LogLines Lines { get; }

    public BreakableClock Clock { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts one and waits until it owns its shard.</summary>
    public static async Task<TestParticipant> ServeAsync(
        string database,
        Action<ParticipantOptions>? configure = null,
        string coordinator = "http://127.0.0.1:1",
        Action<IServiceCollection>? services = null)
    {
        TestParticipant participant = await StartAsync(database, configure, coordinator, services);
        await Eventually.IsTrueAsync(
            () => Task.FromResult(participant.Lines.Count(2001) == 1), () => string.Join('\n', participant.Lines.All));
        return participant;
    }

    /// <summary>Starts one, which may not own its shard yet.</summary>
    public static async Task<TestParticipant> StartAsync(
        string database,
        Action<ParticipantOptions>? configure = null,
        string coordinator = "http://127.0.0.1:1",
        Action<IServiceCollection>? services = null)
    {
        LogLines lines = new();
        BreakableClock clock = new();
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders().AddProvider(lines);
        builder.ListenForGrpc("http://127.0.0.1:0");
        builder.Services.AddSingleton<IBoundedClock>(clock);
        builder.Services.AddCluster(TestCluster.Configure);
        builder.Services.AddTransactionParticipant(o =>
        {
            o.Shards.Add(Shard, database);
            o.Coordinators.Add(new Uri(coordinator));
            configure?.Invoke(o);
        });

        // The health's look at a held clock would block one thread more each time, until nothing runs that could release it.
        builder.Services.Configure<HealthCheckPublisherOptions>(o => o.Predicate = _ => !clock.IsHeld);
        services?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.MapTransactionParticipant();
        await app.StartAsync(Token);
        return new(app, lines, clock);
    }

    public static V1.StoreRequests Hello() => new() { Hello = ClientHandshake.IntroduceToStore(TestCluster.Name, "shop") };

    /// <summary>Opens a stream and is welcomed.</summary>
    public async Task<AsyncDuplexStreamingCall<V1.StoreRequests, V1.StoreReplies>> ConnectAsync()
    {
        AsyncDuplexStreamingCall<V1.StoreRequests, V1.StoreReplies> call = Store.Connect(cancellationToken: Token);
        await call.RequestStream.WriteAsync(Hello(), Token);
        Assert.True(await call.ResponseStream.MoveNext(Token));
        return call;
    }

    /// <summary>A transaction's context; each is younger than the one before.</summary>
    public static V1.SignedContext NewContext()
    {
        Timestamp now = new FixedBoundClock(TimeProvider.System, TestCluster.ClockBound).Read().Now;
        TransactionContext context = new(
            TransactionId.Create(now), now, now.Plus(Duration.FromSeconds(50)), new CoordinatorId("one", new Incarnation(1)), "shop");
        return new ContextSigner(ClientKey.Derive(TestCluster.Options.ToSecret(), context.Client, TestCluster.Options.KeyEpoch)).Sign(context);
    }

    public static Metadata Headers(V1.SignedContext? context = null) =>
        new() { { MetadataNames.Context, (context ?? NewContext()).ToByteArray() } };

    public static V1.PutRequest Put(string key, string value = "1", long sequence = 1) => new()
    {
        Shard = Shard, Number = Number(sequence), Collection = "things", Key = key, Value = ByteString.CopyFromUtf8(value),
    };

    public static V1.GetRequest Get(string key, long sequence) => new()
    {
        Shard = Shard, Number = Number(sequence), Collection = "things", Key = key,
    };

    public static V1.GetAtRequest GetAt(string key) => new() { Shard = Shard, Collection = "things", Keys = { key } };

    /// <summary>What is committed under a key.</summary>
    public async Task<string?> ReadAsync(string key) =>
        (await Store.GetAtAsync(GetAt(key), cancellationToken: Token)).Found[0].Entry?.Value.ToStringUtf8();

    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Clock.Release();
        _channel.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private static V1.OperationNumber Number(long sequence) => new() { Scope = 1, Sequence = sequence };
}
