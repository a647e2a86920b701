using System.Text;
using Google.Protobuf;
using Grpc.Core;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.IntegrationTests.Cluster;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Model;
using Xunit;
using CoordinatorId = Transactions.Model.CoordinatorId;
using OperationNumber = Transactions.Contracts.V1.OperationNumber;
using TransactionContext = Transactions.Model.TransactionContext;

namespace Transactions.IntegrationTests.Stores;

/// <summary>What the Store refuses, through the public API: the right status, a message that helps, and nothing changed.</summary>
public sealed class StoreRefusalTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private const string Shard = "orders/0";
    private static int _keys;

    private readonly string _key = $"refused-{Interlocked.Increment(ref _keys)}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Store.StoreClient Store => fixture.StoreOf("orders");

    [Fact]
    public async Task Put_WithoutContext_IsInvalid() =>
        await RefusedAsync(Put(_key, "{}"), headers: [], StatusCode.InvalidArgument, RefusalReason.InvalidField, "context");

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Put_WithAForgedContext_IsUnauthenticated()
    {
        SignedContext signed = await SignAsync();
        byte[] signature = signed.Signature.ToByteArray();
        signature[0] ^= 1;
        signed.Signature = ByteString.CopyFrom(signature);
        await RefusedAsync(Put(_key, "{}"), Headers(signed), StatusCode.Unauthenticated, RefusalReason.BadSignature, "signature");
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Put_WithATruncatedContext_IsInvalid()
    {
        byte[] whole = (await SignAsync()).ToByteArray();
        Metadata headers = new() { { MetadataNames.Context, whole[..(whole.Length - 7)] } };
        await RefusedAsync(Put(_key, "{}"), headers, StatusCode.InvalidArgument, RefusalReason.InvalidField, MetadataNames.Context);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Put_WithAnOversizedContext_IsInvalid()
    {
        Metadata headers = new() { { MetadataNames.Context, new byte[WireLimits.MaxContextBytes + 1] } };
        await RefusedAsync(Put(_key, "{}"), headers, StatusCode.InvalidArgument, RefusalReason.InvalidField, $"{WireLimits.MaxContextBytes}");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-120)]
    [Trait("Rule", "X1")]
    public async Task Put_WithAnIdFarFromThePresent_IsInvalid(int secondsAhead)
    {
        SignedContext signed = await SignAsync(Duration.FromSeconds(secondsAhead), Duration.FromSeconds(30));
        await RefusedAsync(Put(_key, "{}"), Headers(signed), StatusCode.InvalidArgument, RefusalReason.IdOutOfRange, "id");
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Put_WithADeadlineBeyondTheLongestLifetime_IsInvalid()
    {
        SignedContext signed = await SignAsync(Duration.Zero, Duration.FromSeconds(61));
        await RefusedAsync(Put(_key, "{}"), Headers(signed), StatusCode.InvalidArgument, RefusalReason.InvalidField, "deadline");
    }

    [Fact]
    [Trait("Rule", "X5")]
    public async Task Put_PastTheDeadline_IsAborted()
    {
        SignedContext signed = await SignAsync(Duration.FromSeconds(-20), Duration.FromSeconds(10));
        await RefusedAsync(Put(_key, "{}"), Headers(signed), StatusCode.Aborted, RefusalReason.DeadlinePassed, "deadline");
    }

    public static TheoryData<string, string> BadKeys => new()
    {
        { "", "1 to 1024" },
        { "a\0b", "U+0000" },
        { new string('k', 1_025), "1024" },
        { new string('é', 513), "1024" },
    };

    [Theory]
    [MemberData(nameof(BadKeys))]
    public async Task Put_WithABadKey_IsInvalid(string key, string says) =>
        await RefusedAsync(Put(key, "{}"), Headers(await SignAsync()), StatusCode.InvalidArgument, RefusalReason.InvalidField, says);

    public static TheoryData<string, string> BadValues => new()
    {
        { "", "JSON" },
        { "{", "JSON" },
        { "{} {}", "JSON" },
        { """{"a":"\u0000"}""", "U+0000" },
        { """{"a":"\ud800"}""", "surrogate" },
        { """{"a":1e400}""", "double" },
        { new string('[', 129) + new string(']', 129), "128" },
    };

    [Theory]
    [MemberData(nameof(BadValues))]
    public async Task Put_WithAValueThatPostgresCantStore_IsInvalid(string value, string says) =>
        await RefusedAsync(Put(_key, value), Headers(await SignAsync()), StatusCode.InvalidArgument, RefusalReason.InvalidField, says);

    [Fact]
    public async Task Put_WithAValueThatIsNoUtf8_IsInvalid()
    {
        PutRequest request = Put(_key, "{}");
        request.Value = ByteString.CopyFrom([(byte)'"', 0xC3, (byte)'"']);
        await RefusedAsync(request, Headers(await SignAsync()), StatusCode.InvalidArgument, RefusalReason.InvalidField, "UTF-8");
    }

    [Fact]
    public async Task Put_WithAnOversizedValue_IsInvalid()
    {
        string value = $"\"{new string('v', (1 << 20) - 1)}\"";
        await RefusedAsync(Put(_key, value), Headers(await SignAsync()), StatusCode.InvalidArgument, RefusalReason.InvalidField, "1048576");
    }

    [Fact]
    public async Task Put_WithAValueAtTheLimit_IsAdmitted()
    {
        string value = $"\"{new string('v', (1 << 20) - 2)}\"";
        await Store.PutAsync(Put(_key, value), Headers(await SignAsync()), cancellationToken: Token);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no spaces")]
    public async Task Put_WithABadCollection_IsInvalid(string collection)
    {
        PutRequest request = Put(_key, "{}");
        request.Collection = collection;
        await RefusedAsync(request, Headers(await SignAsync()), StatusCode.InvalidArgument, RefusalReason.InvalidField, "collection");
    }

    [Fact]
    public async Task Put_OnAShardNotOwnedHere_FailsAndSaysWhatIs()
    {
        PutRequest request = Put(_key, "{}");
        request.Shard = "nowhere/0";
        await RefusedAsync(request, Headers(await SignAsync()), StatusCode.FailedPrecondition, RefusalReason.NotOwner, Shard);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    public async Task Scan_WithABadLimit_IsInvalid(int limit)
    {
        Metadata headers = Headers(await SignAsync());
        ScanRequest request = new()
        {
            Shard = Shard, Number = Number(1), Range = new KeyRange { Collection = "things" }, Limit = limit,
        };
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await Store.ScanAsync(request, headers, cancellationToken: Token));
        AssertRefused(refused, StatusCode.InvalidArgument, RefusalReason.InvalidField, "1000");
    }

    [Fact]
    public async Task MultiGet_OfTooManyKeys_IsInvalid()
    {
        Metadata headers = Headers(await SignAsync());
        MultiGetRequest request = new() { Shard = Shard, Number = Number(1), Collection = "things" };
        request.Keys.AddRange(Enumerable.Range(0, 1_001).Select(i => $"{i}"));
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await Store.MultiGetAsync(request, headers, cancellationToken: Token));
        AssertRefused(refused, StatusCode.InvalidArgument, RefusalReason.InvalidField, "1000");
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task Put_RepeatedWithOtherContent_DoomsTheTransaction()
    {
        Metadata headers = Headers(await SignAsync());
        await Store.PutAsync(Put(_key, "1"), headers, cancellationToken: Token);
        await Store.PutAsync(Put(_key, "1"), headers, cancellationToken: Token);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            async () => await Store.PutAsync(Put(_key, "2"), headers, cancellationToken: Token));
        AssertRefused(refused, StatusCode.Aborted, RefusalReason.TransactionEnded, "number");

        PutRequest next = Put(_key, "3");
        next.Number = Number(2);
        refused = await Assert.ThrowsAsync<RpcException>(async () => await Store.PutAsync(next, headers, cancellationToken: Token));
        AssertRefused(refused, StatusCode.Aborted, RefusalReason.TransactionEnded, "OperationConflict");
        Assert.Null(await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public async Task GetAt_BeforeTheEpoch_IsInvalid(long at) =>
        await ReadRefusedAsync(at, StatusCode.InvalidArgument, RefusalReason.InvalidField, "at");

    [Fact]
    [Trait("Rule", "S2")]
    public async Task GetAt_FarInTheFuture_IsInvalid() => await ReadRefusedAsync(
        Timestamp.FromInstant(SystemNow() + Duration.FromSeconds(5)).Value,
        StatusCode.InvalidArgument,
        RefusalReason.TimestampInFuture,
        "read_timestamp");

    [Fact]
    [Trait("Rule", "S2")]
    public async Task GetAt_BelowTheHorizon_FailsAndSaysWhereItLies()
    {
        // The horizon follows what the shard has published as visible (S4), so that a new shard has none at first.
        await fixture.UntilServingAsync(Token);
        await Eventually.IsTrueAsync(IsPrunedAsync, () => "The horizon doesn't rise.");

        await ReadRefusedAsync(at: 1, StatusCode.FailedPrecondition, RefusalReason.BelowHorizon, "horizon");

        async Task<bool> IsPrunedAsync()
        {
            try
            {
                await UnaryClient.ReadAsync(fixture, "orders", _key, at: 1, Token);
                return false;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition)
            {
                return true;
            }
        }
    }

    private static Instant SystemNow() => Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());

    private static OperationNumber Number(long sequence) => new() { Scope = 7, Sequence = sequence };

    private static Metadata Headers(SignedContext signed) => new() { { MetadataNames.Context, signed.ToByteArray() } };

    private static PutRequest Put(string key, string value) => new()
    {
        Shard = Shard, Number = Number(1), Collection = "things", Key = key, Value = ByteString.CopyFrom(Encoding.UTF8.GetBytes(value)),
    };

    private static void AssertRefused(RpcException refused, StatusCode status, RefusalReason reason, string says)
    {
        Assert.Equal(status, refused.StatusCode);
        Refusal? refusal = RefusalMapping.FromRpcException(refused);
        Assert.Equal(reason, refusal?.Reason);
        Assert.Contains(says, refused.Status.Detail, StringComparison.Ordinal);
    }

    // A context that this cluster's client could have made.
    private async Task<SignedContext> SignAsync(Duration ahead = default, Duration? lifetime = null)
    {
        await fixture.UntilServingAsync(Token);
        HelloReply hello = await fixture.Coordinator().HelloAsync(ClientHandshake.Introduce("test", "refusals"), cancellationToken: Token);
        Timestamp issued = Timestamp.FromInstant(SystemNow() + ahead);
        TransactionContext context = new(
            TransactionId.Create(issued),
            issued,
            issued.Plus(lifetime ?? Duration.FromSeconds(30)),
            new CoordinatorId(hello.Coordinator, new Incarnation(hello.Incarnation)),
            "refusals");
        ClientKey key = ClientKey.Derive(ClusterSecret.Parse(fixture.Cluster.Settings.Secret), "refusals", hello.KeyEpoch);
        return new ContextSigner(key).Sign(context);
    }

    private async Task RefusedAsync(PutRequest request, Metadata headers, StatusCode status, RefusalReason reason, string says)
    {
        await fixture.UntilServingAsync(Token);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            async () => await Store.PutAsync(request, headers, cancellationToken: Token));
        AssertRefused(refused, status, reason, says);
        Assert.Null(await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    private async Task ReadRefusedAsync(long at, StatusCode status, RefusalReason reason, string says)
    {
        await fixture.UntilServingAsync(Token);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            () => UnaryClient.ReadAsync(fixture, "orders", _key, at, Token));
        AssertRefused(refused, status, reason, says);
    }
}
