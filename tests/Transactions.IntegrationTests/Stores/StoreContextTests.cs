using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.Core;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.IntegrationTests.Cluster;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Stores;

/// <summary>X1: contexts that are missing, malformed, forged, or say what no client may: refused, and nothing is changed.</summary>
[Trait("Rule", "7")]
[Trait("Rule", "X1")]
public sealed class StoreContextTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private static int _tests;

    private readonly string _key = $"context-{Interlocked.Increment(ref _tests)}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Put_WithoutContext_IsInvalid() =>
        await RefusedAsync(Refusal.Invalid("context", "context is missing"), _ => []);

    [Fact]
    public async Task Put_WithAForgedContext_IsUnauthenticated() => await RefusedAsync(
        new(RefusalStatus.Unauthenticated, RefusalReason.BadSignature, "isn't client 'unary''s; sign the payload with the key that Hello gave")
        {
            Field = "context",
        },
        begun =>
        {
            byte[] signature = begun.Signature.ToByteArray();
            signature[0] ^= 1;
            return Headers(new() { Payload = begun.Payload, Signature = ByteString.CopyFrom(signature) });
        });

    [Fact]
    public async Task Put_WithATruncatedContext_IsInvalid() => await RefusedAsync(
        Refusal.Invalid(MetadataNames.Context, "can't be parsed; send a serialized SignedContext"),
        begun => new() { { MetadataNames.Context, begun.ToByteArray()[..^7] } });

    [Fact]
    public async Task Put_WithAnOversizedContext_IsInvalid() => await RefusedAsync(
        Refusal.Invalid(MetadataNames.Context, $"send at most {WireLimits.MaxContextBytes}"),
        _ => new() { { MetadataNames.Context, new byte[WireLimits.MaxContextBytes + 1] } });

    // gRPC's own client sends neither.
    [Theory]
    [InlineData("%%%")]
    [InlineData("AAAA,AAAA")]
    public async Task Put_WithAContextThatIsNotBase64_IsInvalid(string header) => await Expected.NothingChangedAsync(
        fixture,
        _key,
        Refusal.Invalid(MetadataNames.Context, "txn-context-bin isn't one value in Base64; send it once"),
        async _ =>
        {
            RpcException refused = await PostAsync(header);
            Assert.True(ParticipationMapping.TryReadTrailer(
                refused.Trailers.GetValueBytes(MetadataNames.Participants), out Participation? counted, out Refusal? _));
            Assert.Equal(Participation.None, counted);
            throw refused;
        });

    [Theory]
    [InlineData("id ahead")]
    [InlineData("id behind")]
    [InlineData("deadline beyond the lifetime")]
    [InlineData("deadline before the epoch")]
    [InlineData("deadline passed")]
    [InlineData("priority too old")]
    [InlineData("priority ahead")]
    [InlineData("priority before the epoch")]
    [InlineData("other one")]
    public async Task Put_WithAContextThatNoClientMaySend_IsRefused(string fault)
    {
        (Refusal expected, Func<TransactionContext, TransactionContext> change) = Find(fault);
        await RefusedAsync(expected, begun => Headers(Sign(begun, change)));
    }

    private static (Refusal Expected, Func<TransactionContext, TransactionContext> Change) Find(string fault)
    {
        Refusal id = new(RefusalStatus.InvalidArgument, RefusalReason.IdOutOfRange, "context.id is…check the client's clock") { Field = "context.id" };
        Refusal priority = Refusal.Invalid("context.priority", "context.priority is…give the start timestamp of the first try");
        const string AboveZero = "is -1; a timestamp is microseconds since 1970 times 1024, and above zero";
        return fault switch
        {
            "id ahead" => (id, context => Date(context, seconds: 5)),
            "id behind" => (id, context => Date(context, seconds: -120)),
            "deadline beyond the lifetime" => (
                Refusal.Invalid("context.deadline", "context.deadline is…give an earlier one"),
                context => Date(context, seconds: 0, lifetime: 61)),
            "deadline before the epoch" => (
                Refusal.Invalid("context.deadline", AboveZero), context => Date(context, 0) with { Deadline = new Timestamp(-1) }),
            "deadline passed" => (
                new Refusal(RefusalStatus.Aborted, RefusalReason.DeadlinePassed, "has passed; begin a new one, with a longer timeout")
                {
                    Field = "context.deadline", AbortReason = AbortReason.DeadlinePassed,
                },
                context => Date(context, seconds: -20, lifetime: 10)),
            "priority too old" => (
                priority,
                context => Date(context, 0) with { Priority = context.Priority.Minus(ProtocolLimits.LongestRun + Duration.FromSeconds(1)) }),
            "priority ahead" => (
                priority, context => Date(context, 0) with { Priority = context.Priority.Plus(Duration.FromMinutes(1)) }),
            "priority before the epoch" => (
                Refusal.Invalid("context.priority", AboveZero), context => Date(context, 0) with { Priority = new Timestamp(-1) }),
            _ => (
                Refusal.Invalid("context", "was begun with another context; send the same one with each of its operations"),
                context => context with { Deadline = context.Deadline.Minus(Duration.FromSeconds(1)) }),
        };
    }

    // Another transaction of the same client, begun as many seconds from now.
    private static TransactionContext Date(TransactionContext context, int seconds, int lifetime = 30)
    {
        Timestamp issued = Timestamp.FromInstant(
            Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()) + Duration.FromSeconds(seconds));
        return context with
        {
            Id = TransactionId.Create(issued), Priority = issued, Deadline = issued.Plus(Duration.FromSeconds(lifetime)),
        };
    }

    private V1.SignedContext Sign(V1.SignedContext begun, Func<TransactionContext, TransactionContext> change)
    {
        V1.TransactionContext wire = V1.TransactionContext.Parser.ParseFrom(begun.Payload);
        Assert.True(ContextMapping.TryRead(wire, out TransactionContext? context, out Refusal? _));
        ClientKey key = ClientKey.Derive(ClusterSecret.Parse(fixture.Cluster.Settings.Secret), context.Client, wire.KeyEpoch);
        return new ContextSigner(key).Sign(change(context));
    }

    private static Metadata Headers(V1.SignedContext signed) => new() { { MetadataNames.Context, signed.ToByteArray() } };

    private V1.PutRequest Request() => new()
    {
        Shard = "orders/0",
        Number = new V1.OperationNumber { Scope = 7, Sequence = 1 },
        Collection = "things",
        Key = _key,
        Value = ByteString.CopyFromUtf8("2"),
    };

    private Task RefusedAsync(Refusal expected, Func<V1.SignedContext, Metadata> headers) => Expected.NothingChangedAsync(
        fixture,
        _key,
        expected,
        async client => await fixture.StoreOf("orders").PutAsync(Request(), headers(client.Begun.Context), cancellationToken: Token));

    // Put, as a client makes it that writes the header by hand.
    private async Task<RpcException> PostAsync(string header)
    {
        byte[] message = Request().ToByteArray();
        byte[] body = [0, 0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), message.Length);
        using HttpClient http = new();
        using HttpRequestMessage post = new(HttpMethod.Post, new Uri(fixture.Cluster.Services["orders"].Address!, "/transactions.v1.Store/Put"))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
        };
        post.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        post.Headers.TryAddWithoutValidation("te", "trailers");
        post.Headers.TryAddWithoutValidation(MetadataNames.Context, header);

        using HttpResponseMessage response = await http.SendAsync(post, Token);
        await response.Content.ReadAsByteArrayAsync(Token);
        Dictionary<string, string> said = response.Headers.Concat(response.TrailingHeaders).ToDictionary(h => h.Key, h => string.Join(',', h.Value));
        Metadata trailers = [];
        foreach ((string name, string value) in said.Where(h => h.Key.EndsWith("-bin", StringComparison.Ordinal)))
        {
            trailers.Add(name, Convert.FromBase64String(value.PadRight((value.Length + 3) / 4 * 4, '=')));
        }

        StatusCode status = (StatusCode)int.Parse(said["grpc-status"], CultureInfo.InvariantCulture);
        return new RpcException(new Status(status, Uri.UnescapeDataString(said["grpc-message"])), trailers);
    }
}
