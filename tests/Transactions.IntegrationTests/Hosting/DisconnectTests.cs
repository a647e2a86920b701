using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Transactions.Hosting;
using Transactions.IntegrationTests.Coordinator;
using Transactions.IntegrationTests.Fixtures;
using Transactions.IntegrationTests.Stores;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Hosting;

/// <summary>Section 7: peers come and go; that is no error of the server, whatever it was doing for them.</summary>
public sealed class DisconnectTests(PostgresFixture postgres)
{
    private const int Rounds = 20;

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
        TestParticipant participant = await ServeStoreAsync();
        await LeaveAsync(
            participant.Endpoint,
            isGreeted,
            connectionBreaks,
            channel => new V1.Store.StoreClient(channel).Connect(cancellationToken: Token),
            TestParticipant.Hello(),
            () =>
            {
                V1.StoreRequests many = new();
                many.Requests.AddRange(Enumerable.Range(1, 100).Select(
                    i => new V1.StoreRequest { Correlation = (ulong)i, GetAt = TestParticipant.GetAt("a") }));
                return many;
            });

        await participant.DisposeAsync();
        AssertNoError(participant.Lines);
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
        TestParticipant participant = await ServeStoreAsync(late.AddTo);
        using GrpcChannel channel = GrpcChannel.ForAddress(participant.Endpoint);

        await CancelAsync(late, new V1.Store.StoreClient(channel).Connect(cancellationToken: Token), TestParticipant.Hello());

        await participant.DisposeAsync();
        AssertNoError(participant.Lines);
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
        TestParticipant participant = await ServeStoreAsync();
        using GrpcChannel channel = GrpcChannel.ForAddress(participant.Endpoint);
        V1.Store.StoreClient store = new(channel);
        await store.PutAsync(TestParticipant.Put("a"), TestParticipant.Headers(), cancellationToken: Token);

        // Each is younger than the one before, and so waits for its locks.
        for (int i = 0; i < Rounds; i++)
        {
            AsyncUnaryCall<V1.PutReply> waiting = store.PutAsync(TestParticipant.Put("a"), TestParticipant.Headers(), cancellationToken: Token);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
            Assert.False(waiting.ResponseAsync.IsCompleted);
            waiting.Dispose();
        }

        await participant.DisposeAsync();
        AssertNoError(participant.Lines);
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

    private async Task<TestParticipant> ServeStoreAsync(Action<IServiceCollection>? services = null) =>
        await TestParticipant.ServeAsync(await postgres.NewDatabaseAsync("disconnect"), services: services);

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
