using Google.Protobuf;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.IntegrationTests.Cluster;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Model;
using Xunit;
using OperationNumber = Transactions.Contracts.V1.OperationNumber;
using Outcome = Transactions.Contracts.V1.Outcome;

namespace Transactions.IntegrationTests.Stores;

/// <summary>Every field of the Store's requests at fault, through the public API: named, and the transaction goes on.</summary>
[Trait("Rule", "7")]
public sealed class StoreFieldTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private const string Shard = "orders/0";
    private static int _tests;

    private readonly string _key = $"field-{Interlocked.Increment(ref _tests)}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Store.StoreClient Store => fixture.StoreOf("orders");

    private static string TooLong => new('k', 1_025);

    public static TheoryData<string, string, string> BadOperations => new()
    {
        { "get key", "key", "1024" },
        { "get for update key", "key", "1024" },
        { "multi-get key", "keys[1]", "1024" },
        { "multi-get nothing", "keys", "at least one" },
        { "multi-get many", "keys", "1000" },
        { "insert key", "key", "1024" },
        { "insert value", "value", "JSON" },
        { "delete key", "key", "1024" },
        { "scan range", "range", "missing" },
        { "scan from", "from", "1025" },
        { "scan to", "to", "1025" },
        { "scan backward", "to", "sorts before" },
        { "scan limit", "limit", "1 to 1000" },
        { "collection", "collection", "1 to 63" },
        { "shard", "shard", "payments/0" },
        { "number", "number", "missing" },
        { "sequence", "number.sequence", "at least 1" },
    };

    [Theory]
    [MemberData(nameof(BadOperations))]
    [Trait("Rule", "X2")]
    public async Task Operation_BadField_IsRefusedAndTheTransactionGoesOn(string fault, string field, string says)
    {
        UnaryClient client = await BeginAsync();
        await client.PutAsync("orders", _key, "1", Token);

        Refusal refusal = await Refused.FieldAsync(field, () => Send(fault, client.Headers()));

        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(Outcome.EndOneofCase.CommittedAt, (await client.CommitAsync(Token)).Outcome.EndCase);
        Assert.Equal("1", await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task MaxBytesPerTransaction_OneMore_IsRefusedAndTheTransactionGoesOn()
    {
        const int Most = 64 << 20;
        string mebibyte = $"\"{new string('v', (1 << 20) - 2)}\"";
        UnaryClient client = await BeginAsync();
        for (int i = 0; i < Most >> 20; i++)
        {
            await client.PutAsync("orders", _key, mebibyte, Token);
        }

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, () => client.PutAsync("orders", _key, "1", Token));

        Assert.Equal("bytes", refusal.Field);
        Assert.Contains($"{Most}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("split it", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(Outcome.EndOneofCase.CommittedAt, (await client.CommitAsync(Token)).Outcome.EndCase);
        Assert.Equal(mebibyte.Length, (await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token))?.Length);
    }

    [Theory]
    [InlineData("get keys", "keys", "1000")]
    [InlineData("get nothing", "keys", "at least one")]
    [InlineData("get key", "keys[1]", "1024")]
    [InlineData("get negative", "at", "above zero")]
    [InlineData("scan limit", "limit", "1 to 1000")]
    [InlineData("scan no limit", "limit", "1 to 1000")]
    [InlineData("scan range", "range", "missing")]
    [InlineData("scan collection", "collection", "1 to 63")]
    [InlineData("scan negative", "at", "above zero")]
    [Trait("Rule", "S2")]
    public async Task Read_BadField_IsRefused(string fault, string field, string says)
    {
        await fixture.UntilServingAsync(Token);
        GetAtRequest get = new() { Shard = Shard, Collection = "things", Keys = { _key } };
        ScanAtRequest scan = new() { Shard = Shard, Range = new() { Collection = "things" }, Limit = 10 };
        switch (fault)
        {
            case "get keys":
                get.Keys.AddRange(Enumerable.Range(0, 1_000).Select(i => $"{i}"));
                break;
            case "get nothing":
                get.Keys.Clear();
                break;
            case "get key":
                get.Keys.Add(TooLong);
                break;
            case "get negative":
                get.At = -1;
                break;
            case "scan limit":
                scan.Limit = 1_001;
                break;
            case "scan no limit":
                scan.Limit = 0;
                break;
            case "scan range":
                scan.Range = null;
                break;
            case "scan collection":
                scan.Range.Collection = new string('c', 64);
                break;
            default:
                scan.At = -1;
                break;
        }

        Refusal refusal = await Refused.FieldAsync(field, async () =>
        {
            if (fault.StartsWith("get", StringComparison.Ordinal))
            {
                await Store.GetAtAsync(get, cancellationToken: Token);
            }
            else
            {
                await Store.ScanAtAsync(scan, cancellationToken: Token);
            }
        });

        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", RefusalStatus.InvalidArgument, "hello")]
    [InlineData("version", RefusalStatus.FailedPrecondition, "protocol_version")]
    [InlineData("cluster", RefusalStatus.FailedPrecondition, "cluster")]
    [InlineData("long cluster", RefusalStatus.InvalidArgument, "cluster")]
    [InlineData("long client", RefusalStatus.InvalidArgument, "hello.client")]
    [Trait("Rule", "T5")]
    public async Task Connect_BadHello_NamesTheField(string fault, RefusalStatus status, string field)
    {
        StoreHello hello = ClientHandshake.IntroduceToStore("test", "shop");
        switch (fault)
        {
            case "version":
                hello.ProtocolVersion = 2;
                break;
            case "cluster":
                hello.Cluster = "production";
                break;
            case "long cluster":
                hello.Cluster = new string('c', 64);
                break;
            case "long client":
                hello.Client = new string('c', 101);
                break;
            default:
                hello = null!;
                break;
        }

        using AsyncDuplexStreamingCall<StoreRequests, StoreReplies> call = Store.Connect(cancellationToken: Token);
        await call.RequestStream.WriteAsync(new StoreRequests { Hello = hello }, Token);

        RefusalReason reason = status == RefusalStatus.InvalidArgument ? RefusalReason.InvalidField : RefusalReason.ClusterMismatch;
        Refusal refusal = await Refused.AsAsync(status, reason, () => call.ResponseStream.MoveNext(Token));
        Assert.Equal(field, refusal.Field);
    }

    private async Task Send(string fault, Metadata headers)
    {
        OperationNumber number = new() { Scope = 9, Sequence = 1 };
        KeyRange range = new() { Collection = "things" };
        switch (fault)
        {
            case "get key":
                await Store.GetAsync(new() { Shard = Shard, Number = number, Collection = "things", Key = TooLong }, headers, cancellationToken: Token);
                break;
            case "get for update key":
                await Store.GetForUpdateAsync(
                    new() { Shard = Shard, Number = number, Collection = "things", Key = TooLong }, headers, cancellationToken: Token);
                break;
            case "multi-get key" or "multi-get nothing" or "multi-get many":
                MultiGetRequest multi = new() { Shard = Shard, Number = number, Collection = "things" };
                multi.Keys.AddRange(fault == "multi-get key" ? ["a", TooLong]
                    : Enumerable.Range(0, fault == "multi-get nothing" ? 0 : 1_001).Select(i => $"{i}"));
                await Store.MultiGetAsync(multi, headers, cancellationToken: Token);
                break;
            case "insert key" or "insert value":
                await Store.InsertIfAbsentAsync(
                    new()
                    {
                        Shard = Shard,
                        Number = number,
                        Collection = "things",
                        Key = fault == "insert key" ? TooLong : "a",
                        Value = ByteString.CopyFromUtf8(fault == "insert key" ? "1" : "{"),
                    },
                    headers,
                    cancellationToken: Token);
                break;
            case "delete key":
                await Store.DeleteAsync(
                    new() { Shard = Shard, Number = number, Collection = "things", Key = TooLong }, headers, cancellationToken: Token);
                break;
            case "collection" or "shard" or "number" or "sequence":
                await Store.PutAsync(
                    new()
                    {
                        Shard = fault == "shard" ? "orders" : Shard,
                        Number = fault == "number" ? null : fault == "sequence" ? new() { Scope = 9 } : number,
                        Collection = fault == "collection" ? new string('c', 64) : "things",
                        Key = "a",
                        Value = ByteString.CopyFromUtf8("1"),
                    },
                    headers,
                    cancellationToken: Token);
                break;
            default:
                range.From = fault == "scan from" ? new string('k', 1_026) : fault == "scan backward" ? "b" : "";
                if (fault is "scan to" or "scan backward")
                {
                    range.To = fault == "scan to" ? new string('k', 1_026) : "a";
                }

                await Store.ScanAsync(
                    new()
                    {
                        Shard = Shard,
                        Number = number,
                        Range = fault == "scan range" ? null : range,
                        Limit = fault == "scan limit" ? 1_001 : 10,
                    },
                    headers,
                    cancellationToken: Token);
                break;
        }
    }

    private async Task<UnaryClient> BeginAsync()
    {
        await fixture.UntilServingAsync(Token);
        UnaryClient client = UnaryClient.In(fixture);
        await client.BeginAsync(Token);
        return client;
    }
}
