using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Model;
using Transactions.Participant.Server;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Participants;

/// <summary>A participant's patience with coordinators that are reached and of no use.</summary>
public sealed class CoordinatorLinkTests
{
    [Fact]
    public async Task Run_StreamsDieAfterTheirHello_PausesBeforeEachNewOne()
    {
        LogLines log = new();
        await using WebApplication coordinator = await ServeAsync(new FakeCoordinator(saysHello: true));
        await using (Link(coordinator, TimeSpan.FromSeconds(30), log))
        {
            await UntilAsync(() => log.Count(2103) >= 4);
        }

        // A pause was announced after each stream that said Hello, so that only the last one can be without.
        Assert.InRange(log.Count(2101), log.Count(2103), log.Count(2103) + 1);
        Assert.All(log.All.Where(line => line.Id == 2103), line => Assert.Contains("soon after its Hello", line.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_NoHelloComes_GivesUpAndTriesAgain()
    {
        LogLines log = new();
        FakeCoordinator silent = new(saysHello: false);
        await using WebApplication coordinator = await ServeAsync(silent);
        await using (Link(coordinator, TimeSpan.FromMilliseconds(100), log))
        {
            await UntilAsync(() => silent.Streams >= 2);
        }

        Assert.Equal(0, log.Count(2101));
        Assert.Contains(log.All, line => line.Id == 2103 && line.Text.Contains("no Hello within 00:00:00.1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Send_ShardThatTheStreamWasNotTold_IsLeftOut()
    {
        // As a shard that stops, and still answers, when the stream is dialled anew.
        ShardGeneration stopping = new(ShardId.Parse("solo/0"), new Generation(3));
        ShardGeneration owned = new(ShardId.Parse("solo/1"), new Generation(5));
        LogLines log = new();
        FakeCoordinator fake = new(saysHello: true, staysOpen: true);
        await using WebApplication coordinator = await ServeAsync(fake);
        await using CoordinatorLink link = Link(coordinator, TimeSpan.FromSeconds(30), log);
        await UntilAsync(() => log.Count(2101) == 1);

        link.Send(Applied(stopping));
        link.Disown(stopping);
        link.Own(new ShardEndpoint(owned, "http://here"));
        link.Send(Applied(owned with { Generation = new Generation(6) }));
        link.Send(Applied(owned with { Generation = new Generation(4) }));
        link.Send(Applied(owned));
        link.Disown(owned);
        await UntilAsync(() => fake.Received.Count >= 4);

        Assert.Equal(
            [
                ("solo/1", 5, V1.ParticipantFrame.BodyOneofCase.Own),
                ("solo/1", 4, V1.ParticipantFrame.BodyOneofCase.Applied),
                ("solo/1", 5, V1.ParticipantFrame.BodyOneofCase.Applied),
                ("solo/1", 5, V1.ParticipantFrame.BodyOneofCase.Disown),
            ],
            fake.Received.Select(frame => (frame.Shard, frame.Generation, frame.BodyCase)));
    }

    private static ShardFrame.Applied Applied(ShardGeneration owner) => new(TransactionId.Create(Timestamp.Zero), owner);

    private static CoordinatorLink Link(WebApplication coordinator, TimeSpan helloTimeout, LogLines log)
    {
        CoordinatorLink link = new(
            new Uri(GrpcListening.FindAddress(coordinator.Services)),
            "tests",
            new CoordinatorLinks(),
            TestCluster.Handshake,
            new FixedBoundClock(TimeProvider.System, TestCluster.ClockBound),
            helloTimeout,
            TimeProvider.System,
            log);
        link.Start();
        return link;
    }

    private static async Task<WebApplication> ServeAsync(FakeCoordinator service)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.ListenForGrpc("http://127.0.0.1:0");
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(service);
        WebApplication app = builder.Build();
        app.MapGrpcService<FakeCoordinator>();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static Task UntilAsync(Func<bool> condition) =>
        Eventually.IsTrueAsync(() => Task.FromResult(condition()), () => "It doesn't happen.");

    private sealed class FakeCoordinator(bool saysHello, bool staysOpen = false) : V1.Coordinator.CoordinatorBase
    {
        private int _streams;

        public ConcurrentQueue<V1.ParticipantFrame> Received { get; } = new();

        public int Streams => Volatile.Read(ref _streams);

        public override async Task Connect(
            IAsyncStreamReader<V1.ParticipantFrames> requestStream,
            IServerStreamWriter<V1.CoordinatorFrames> responseStream,
            ServerCallContext context)
        {
            Interlocked.Increment(ref _streams);
            await requestStream.MoveNext(context.CancellationToken);
            if (saysHello)
            {
                await responseStream.WriteAsync(new V1.CoordinatorFrames
                {
                    Hello = TestCluster.Handshake.Answer(new CoordinatorIntroduction(new CoordinatorId("fake", new Incarnation(1)), 1)),
                });
                while (staysOpen && await requestStream.MoveNext(context.CancellationToken))
                {
                    foreach (V1.ParticipantFrame frame in requestStream.Current.Frames)
                    {
                        Received.Enqueue(frame);
                    }
                }
            }
            else
            {
                await requestStream.MoveNext(context.CancellationToken);
            }
        }
    }
}
