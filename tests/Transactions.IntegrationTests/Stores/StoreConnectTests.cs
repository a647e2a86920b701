using Google.Protobuf;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.IntegrationTests.Coordinator;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using static Transactions.IntegrationTests.Stores.TestParticipant;
using Stream = Grpc.Core.AsyncDuplexStreamingCall<Transactions.Contracts.V1.StoreRequests, Transactions.Contracts.V1.StoreReplies>;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Stores;

/// <summary>What it takes for a request on a Store stream to be refused, and for the stream to be ended.</summary>
[Trait("Rule", "7")]
public sealed class StoreConnectTests(PostgresFixture postgres)
{
    private const int CutOff = 2105;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MaxRequestsPerStream_OneMore_IsRefusedUntilOneIsAnswered()
    {
        await using TestParticipant participant = await ServeAsync(
            await postgres.NewDatabaseAsync("requests"), o => o.MaxRequestsPerStream = 1);
        using Stream stream = await participant.ConnectAsync();
        participant.Clock.Hold();

        await SendAsync(stream, Put(1, "a"), Put(2, "b"));
        V1.StoreReply refused = await ReadAsync(stream);
        Assert.Equal(2UL, refused.Correlation);
        AssertRefused(Refusal.Busy("requests", "1 requests of this stream are unanswered…(MaxRequestsPerStream)"), refused);

        participant.Clock.Release();
        Assert.Equal((1UL, true), AdmittedOf(await ReadAsync(stream)));
        await SendAsync(stream, Put(2, "b"));
        Assert.Equal((2UL, true), AdmittedOf(await ReadAsync(stream)));
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Connect_OneBadRequest_IsRefusedAloneAndTheStreamGoesOn()
    {
        await using TestParticipant participant = await ServeAsync(await postgres.NewDatabaseAsync("one_bad"));
        using Stream stream = await participant.ConnectAsync();
        V1.StoreRequest forged = Put(1, "a");
        forged.Context.Signature = ByteString.CopyFrom(new byte[32]);
        V1.StoreRequest unsigned = Put(2, "a");
        unsigned.Context = null;

        await SendAsync(stream, forged);
        AssertRefused(
            new(RefusalStatus.Unauthenticated, RefusalReason.BadSignature, "sign the payload with the key that Hello gave") { Field = "context" },
            await ReadAsync(stream));
        await SendAsync(stream, unsigned);
        AssertRefused(Refusal.Invalid("context", "context is missing"), await ReadAsync(stream));
        await SendAsync(stream, new V1.StoreRequest { Correlation = 3 });
        AssertRefused(Refusal.Invalid("operation", "operation is missing"), await ReadAsync(stream));

        // Neither holds a lock.
        await SendAsync(stream, Put(4, "a"));
        Assert.Equal((4UL, true), AdmittedOf(await ReadAsync(stream)));
        Assert.Null(await participant.ReadAsync("a"));
    }

    [Theory]
    [InlineData("hello", "hello", "in the first message only")]
    [InlineData("count", "requests", "513 elements; send at most 512")]
    [InlineData("size", "requests", "send at most 1048576 in one, or a larger one alone")]
    public async Task Connect_MalformedMessage_EndsTheStreamAndStartsNothing(string fault, string field, string says)
    {
        await using TestParticipant participant = await ServeAsync(await postgres.NewDatabaseAsync("malformed"));
        using Stream stream = await participant.ConnectAsync();
        V1.StoreRequests message = new();
        switch (fault)
        {
            case "hello":
                message.Hello = ClientHandshake.IntroduceToStore(TestCluster.Name, "shop");
                message.Requests.Add(Put(1, "a"));
                break;
            case "count":
                message.Requests.AddRange(Enumerable.Range(1, 513).Select(i => Put((ulong)i, "a")));
                break;
            default:
                string large = $"\"{new string('v', 600_000)}\"";
                message.Requests.AddRange([Put(1, "a", large), Put(2, "b", large)]);
                break;
        }

        await stream.RequestStream.WriteAsync(message, Token);

        await Expected.RefusalAsync(Refusal.Invalid(field, says), () => stream.ResponseStream.MoveNext(Token));

        // A younger one takes the lock at once.
        using Stream next = await participant.ConnectAsync();
        await SendAsync(next, Put(1, "a"));
        Assert.Equal((1UL, true), AdmittedOf(await ReadAsync(next)));
    }

    [Fact]
    public async Task Connect_ClientThatNeverReads_IsCutOff()
    {
        await using TestParticipant participant = await ServeAsync(
            await postgres.NewDatabaseAsync("deaf"), o => o.MaxRequestsPerStream = 1);
        using Stream stream = await participant.ConnectAsync();
        V1.StoreRequests message = new();
        message.Requests.AddRange(Enumerable.Range(1, 512).Select(i => new V1.StoreRequest { Correlation = (ulong)i, GetAt = GetAt("a") }));

        // Each question is answered, most of them by a refusal, and no answer is read.
        await Eventually.IsTrueAsync(
            async () =>
            {
                try
                {
                    for (int i = 0; i < 50; i++)
                    {
                        await stream.RequestStream.WriteAsync(message, Token);
                    }
                }
                catch (Exception e) when (e is RpcException or IOException or InvalidOperationException)
                {
                    // Cut off already.
                }

                return participant.Lines.Count(CutOff) == 1;
            },
            () => "The stream isn't cut off.");

        Assert.Contains("it doesn't read", Assert.Single(participant.Lines.All, line => line.Id == CutOff).Text, StringComparison.Ordinal);
        using Stream next = await participant.ConnectAsync();
        await SendAsync(next, Put(1, "a"));
        Assert.Equal((1UL, true), AdmittedOf(await ReadAsync(next)));
    }

    // Of a transaction of its own.
    private static V1.StoreRequest Put(ulong correlation, string key, string value = "1") => new()
    {
        Correlation = correlation, Context = NewContext(), Put = TestParticipant.Put(key, value),
    };

    private static Task SendAsync(Stream stream, params V1.StoreRequest[] requests) =>
        stream.RequestStream.WriteAsync(new V1.StoreRequests { Requests = { requests } }, Token);

    private static async Task<V1.StoreReply> ReadAsync(Stream stream)
    {
        Assert.True(await stream.ResponseStream.MoveNext(Token).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token));
        return Assert.Single(stream.ResponseStream.Current.Replies);
    }

    private static void AssertRefused(Refusal expected, V1.StoreReply reply)
    {
        Expected.AssertSame(expected, RefusalMapping.FromStatus(reply.Refused.Status));
        Assert.Null(reply.Refused.Admitted);
    }

    private static (ulong Correlation, bool Wrote) AdmittedOf(V1.StoreReply reply) => (reply.Correlation, reply.Put.Admitted.Wrote);
}
