using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.IntegrationTests.Coordinator;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant.Server;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Hosting;

/// <summary>Section 7: peers come and go; that is no error of the server, whatever it was doing for them.</summary>
public sealed class DisconnectTests(PostgresFixture postgres)
{
    private const int Rounds = 20;

    private static readonly ShardId s_shard = ShardId.Parse("solo/0");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<bool, bool> Ways => new()
    {
        // Whether Hello was answered, and whether the whole connection breaks.
        { false, false },
        { false, true },
        { true, false },
        { true, true },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Converse_ClientGone_IsNoError(bool isGreeted, bool connectionBreaks)
    {
        TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("disconnect"));
        await LeaveAsync(
            coordinator.Endpoint,
            isGreeted,
            connectionBreaks,
            channel => new V1.Coordinator.CoordinatorClient(channel).Converse(cancellationToken: Token),
            new V1.ClientRequests { Hello = TestConversation.Hello() },
            () =>
            {
                V1.ClientRequests many = new();
                many.Requests.AddRange(Enumerable.Range(1, 100).Select(
                    i => new V1.ClientRequest { Correlation = (ulong)i, GetTimestamp = new() }));
                return many;
            });

        await Eventually.IsTrueAsync(
            () => Task.FromResult(coordinator.ReadGauge("clients") == 0), () => $"{coordinator.ReadGauge("clients")} are still there.");
        await coordinator.DisposeAsync();
        AssertNoError(coordinator.Lines);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Connect_ParticipantGone_IsNoError(bool isGreeted, bool connectionBreaks)
    {
        TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("disconnect"));
        await LeaveAsync(
            coordinator.Endpoint,
            isGreeted,
            connectionBreaks,
            channel => new V1.Coordinator.CoordinatorClient(channel).Connect(cancellationToken: Token),
            new V1.ParticipantFrames { Hello = FakeParticipant.Hello(TestCluster.Shard("solo/0")) },
            static () => new V1.ParticipantFrames());

        await Eventually.IsTrueAsync(
            () => Task.FromResult(coordinator.ReadGauge("participants") == 0),
            () => $"{coordinator.ReadGauge("participants")} are still there.");
        await coordinator.DisposeAsync();
        AssertNoError(coordinator.Lines);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Store_ClientGone_IsNoError(bool isGreeted, bool connectionBreaks)
    {
        (WebApplication participant, LogLines log) = await ServeStoreAsync();
        await LeaveAsync(
            GrpcListening.FindAddress(participant.Services),
            isGreeted,
            connectionBreaks,
            channel => new V1.Store.StoreClient(channel).Connect(cancellationToken: Token),
            StoreHello(),
            () =>
            {
                V1.StoreRequests many = new();
                many.Requests.AddRange(Enumerable.Range(1, 100).Select(
                    i => new V1.StoreRequest { Correlation = (ulong)i, GetAt = Get() }));
                return many;
            });

        await participant.StopAsync(Token);
        await participant.DisposeAsync();
        AssertNoError(log);
    }

    [Theory]
    [InlineData("Converse")]
    [InlineData("Connect")]
    public async Task Coordinator_CallerGoneBeforeItsHelloIsRead_IsNoError(string method)
    {
        LateService late = new();
        TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("disconnect"), services: late.AddTo);
        if (method == "Converse")
        {
            await CancelAsync(
                late, coordinator.Calls.Converse(cancellationToken: Token), new() { Hello = TestConversation.Hello() });
        }
        else
        {
            await CancelAsync(
                late, coordinator.Calls.Connect(cancellationToken: Token), new() { Hello = FakeParticipant.Hello(TestCluster.Shard("solo/0")) });
        }

        await coordinator.DisposeAsync();
        AssertNoError(coordinator.Lines);
    }

    [Fact]
    public async Task Store_CallerGoneBeforeItsHelloIsRead_IsNoError()
    {
        LateService late = new();
        (WebApplication participant, LogLines log) = await ServeStoreAsync(late.AddTo);
        using GrpcChannel channel = GrpcChannel.ForAddress(GrpcListening.FindAddress(participant.Services));

        await CancelAsync(late, new V1.Store.StoreClient(channel).Connect(cancellationToken: Token), StoreHello());

        await participant.StopAsync(Token);
        await participant.DisposeAsync();
        AssertNoError(log);
    }

    [Fact]
    public void Explains_AFailureOfOurs_DoesNot()
    {
        CancellationToken gone = new(canceled: true);
        Assert.True(Departure.Explains(new InvalidOperationException(), gone));
        Assert.True(Departure.Explains(new OperationCanceledException(), gone));
        Assert.True(Departure.Explains(new IOException(), CancellationToken.None));

        Assert.False(Departure.Explains(new InvalidOperationException(), CancellationToken.None));
        Assert.False(Departure.Explains(new OperationCanceledException(), CancellationToken.None));
        Assert.False(Departure.Explains(new ObjectDisposedException("ours"), gone));
        Assert.False(Departure.Explains(new BrokenInvariantException("ours"), gone));
        Assert.False(Departure.Explains(new RpcException(Status.DefaultCancelled), gone));
    }

    [Fact]
    public async Task Put_CallerGoneWhileItWaits_IsNoError()
    {
        (WebApplication participant, LogLines log) = await ServeStoreAsync();
        using GrpcChannel channel = GrpcChannel.ForAddress(GrpcListening.FindAddress(participant.Services));
        V1.Store.StoreClient store = new(channel);
        await store.PutAsync(Put(), Transaction(), cancellationToken: Token);

        for (int i = 0; i < Rounds; i++)
        {
            AsyncUnaryCall<V1.PutReply> waiting = store.PutAsync(Put(), Transaction(), cancellationToken: Token);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
            Assert.False(waiting.ResponseAsync.IsCompleted);
            waiting.Dispose();
        }

        await participant.StopAsync(Token);
        await participant.DisposeAsync();
        AssertNoError(log);
    }

    // Streams come, ask for something, and are gone before they have read all of it.
    private static async Task LeaveAsync<TSent, TReceived>(
        string endpoint,
        bool isGreeted,
        bool connectionBreaks,
        Func<GrpcChannel, AsyncDuplexStreamingCall<TSent, TReceived>> open,
        TSent hello,
        Func<TSent> ask)
        where TSent : class
        where TReceived : class
    {
        Uri server = new(endpoint);
        await using CuttableProxy proxy = new(() => (server.Host, server.Port));
        for (int i = 0; i < Rounds; i++)
        {
            using GrpcChannel channel = GrpcChannel.ForAddress(proxy.Address);
            await channel.ConnectAsync(Token);
            using AsyncDuplexStreamingCall<TSent, TReceived> call = open(channel);
            await call.RequestStream.WriteAsync(hello, Token);
            if (isGreeted)
            {
                Assert.True(await call.ResponseStream.MoveNext(Token));
                await call.RequestStream.WriteAsync(ask(), Token);
            }

            if (i % 2 == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
            }

            if (connectionBreaks)
            {
                proxy.Break();
            }
        }
    }

    private static async Task CancelAsync<TSent, TReceived>(
        LateService late, AsyncDuplexStreamingCall<TSent, TReceived> call, TSent hello)
    {
        await call.RequestStream.WriteAsync(hello, Token);
        await late.Called;
        call.Dispose();
        await late.Served.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
    }

    // But for health (103), which is bad until the log is open.
    private static void AssertNoError(LogLines log) =>
        Assert.Empty(log.All.Where(line => line.Level >= LogLevel.Error && line.Id != 103).Select(line => line.Text));

    private async Task<(WebApplication App, LogLines Log)> ServeStoreAsync(Action<IServiceCollection>? services = null)
    {
        LogLines log = new();
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.ListenForGrpc("http://127.0.0.1:0");
        builder.Services.AddCluster(TestCluster.Configure);
        string database = await postgres.NewDatabaseAsync("disconnect");
        builder.Services.AddTransactionParticipant(o =>
        {
            o.Shards.Add(s_shard.Value, database);
            o.Coordinators.Add(new Uri("http://127.0.0.1:1"));
        });
        services?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.MapTransactionParticipant();
        await app.StartAsync(Token);
        await Eventually.IsTrueAsync(() => Task.FromResult(log.Count(2001) == 1), () => string.Join('\n', log.All));
        return (app, log);
    }

    private static V1.StoreRequests StoreHello() => new() { Hello = ClientHandshake.IntroduceToStore(TestCluster.Name, "shop") };

    private static V1.GetAtRequest Get() => new() { Shard = s_shard.Value, Collection = "things", Keys = { "a" } };

    private static V1.PutRequest Put() => new()
    {
        Shard = s_shard.Value,
        Number = new V1.OperationNumber { Scope = 1, Sequence = 1 },
        Collection = "things",
        Key = "a",
        Value = ByteString.CopyFromUtf8("1"),
    };

    // Each is younger than the one before, and so waits for its locks.
    private static Metadata Transaction()
    {
        Timestamp now = new FixedBoundClock(TimeProvider.System, TestCluster.ClockBound).Read().Now;
        TransactionContext context = new(
            TransactionId.Create(now), now, now.Plus(Duration.FromSeconds(50)), new CoordinatorId("one", new Incarnation(1)), "shop");
        ClientKey key = ClientKey.Derive(TestCluster.Options.ToSecret(), context.Client, TestCluster.Options.KeyEpoch);
        return new Metadata { { MetadataNames.Context, new ContextSigner(key).SignMetadata(context) } };
    }

    // Streams are read only when their callers are gone.
    private sealed class LateService : Interceptor
    {
        private readonly TaskCompletionSource _called = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Called => _called.Task;

        public Task Served => _served.Task;

        public void AddTo(IServiceCollection services)
        {
            services.AddSingleton(this);
            services.AddGrpc(grpc => grpc.Interceptors.Add<LateService>());
        }

        public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            try
            {
                await continuation(new LateReader<TRequest>(requestStream, _called, context.CancellationToken), responseStream, context);
            }
            finally
            {
                _served.TrySetResult();
            }
        }

        private sealed class LateReader<T>(IAsyncStreamReader<T> inner, TaskCompletionSource called, CancellationToken gone)
            : IAsyncStreamReader<T>
        {
            public T Current => inner.Current;

            // As when the caller leaves between a look at the token and the read.
            public async Task<bool> MoveNext(CancellationToken cancellationToken)
            {
                called.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone)
                    .ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                return await inner.MoveNext(CancellationToken.None);
            }
        }
    }
}
