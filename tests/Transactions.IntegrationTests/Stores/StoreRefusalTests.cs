using Google.Protobuf;
using Grpc.Core;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts.V1;
using Transactions.IntegrationTests.Cluster;
using Transactions.Model;
using Xunit;
using AbortReason = Transactions.Model.AbortReason;
using OperationNumber = Transactions.Contracts.V1.OperationNumber;

namespace Transactions.IntegrationTests.Stores;

/// <summary>What the Store refuses, through the public API: the right status, a message that helps, and nothing changed.</summary>
[Trait("Rule", "7")]
public sealed class StoreRefusalTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private const string Shard = "orders/0";
    private static int _keys;

    private readonly string _key = $"refused-{Interlocked.Increment(ref _keys)}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Store.StoreClient Store => fixture.StoreOf("orders");

    public static TheoryData<string, string> BadKeys => new()
    {
        { "", "key is empty; give 1 to 1024 bytes of UTF-8" },
        { "a\0b", "key has the character U+0000…leave it out" },
        { new string('k', 1_025), "key has 1025 bytes of UTF-8, over the limit of 1024; use a shorter one" },
        { new string('é', 513), "key has 1026 bytes of UTF-8, over the limit of 1024; use a shorter one" },
    };

    [Theory]
    [MemberData(nameof(BadKeys))]
    public Task Put_WithABadKey_IsInvalid(string key, string says) => RefusedAsync(Refusal.Invalid("key", says), Put(key, "{}"));

    public static TheoryData<string, string> BadValues => new()
    {
        { "", "isn't valid JSON" },
        { "{", "isn't valid JSON" },
        { "{} {}", "isn't valid JSON" },
        { """{"a":"\u0000"}""", "has the character U+0000" },
        { """{"a":"\ud800"}""", "has half of a surrogate pair" },
        { """{"a":1e400}""", "has a number outside the range of a double" },
        { """{"a":1e-400}""", "has a number outside the range of a double" },
        { new string('1', 1_001), "has a number of over 1000 characters" },
        { new string('[', 129) + new string(']', 129), "nests deeper than 128 levels" },
    };

    [Theory]
    [MemberData(nameof(BadValues))]
    public Task Put_WithAValueThatPostgresCantStore_IsInvalid(string value, string says) => RefusedAsync(
        Refusal.Invalid("value", $"value {says}…send one JSON document that PostgreSQL can store and cast to jsonb"), Put(_key, value));

    [Fact]
    public Task Put_WithAValueThatIsNoUtf8_IsInvalid()
    {
        PutRequest request = Put(_key, "{}");
        request.Value = ByteString.CopyFrom([(byte)'"', 0xC3, (byte)'"']);
        return RefusedAsync(Refusal.Invalid("value", "value isn't valid UTF-8…send one JSON document"), request);
    }

    [Fact]
    public Task Put_WithAnOversizedValue_IsInvalid() => RefusedAsync(
        Refusal.Invalid("value", "value has 1048577 bytes, over the limit of 1048576; store less under one key"),
        Put(_key, $"\"{new string('v', (1 << 20) - 1)}\""));

    [Fact]
    public async Task Put_WithAValueAtTheLimit_IsAdmitted()
    {
        UnaryClient client = await BeginAsync();
        string value = $"\"{new string('v', (1 << 20) - 2)}\"";
        await client.PutAsync("orders", _key, value, Token);
        await client.CommitAsync(Token);
        Assert.Equal(value, await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no spaces")]
    public Task Put_WithABadCollection_IsInvalid(string collection)
    {
        PutRequest request = Put(_key, "{}");
        request.Collection = collection;
        return RefusedAsync(Refusal.Invalid("collection", "give a name of 1 to 63 ASCII letters"), request);
    }

    [Fact]
    public Task Put_OnAShardNotOwnedHere_FailsAndSaysWhatIs()
    {
        PutRequest request = Put(_key, "{}");
        request.Shard = "nowhere/0";
        const string Says = "shard is nowhere/0…(it has orders/0); ask a coordinator's Hello for its owner";
        return RefusedAsync(new(RefusalStatus.FailedPrecondition, RefusalReason.NotOwner, Says) { Field = "shard" }, request);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    public Task Scan_WithABadLimit_IsInvalid(int limit)
    {
        ScanRequest request = new() { Shard = Shard, Number = Number(1), Range = new KeyRange { Collection = "things" }, Limit = limit };
        return RefusedAsync(
            Refusal.Invalid("limit", $"limit is {limit}; give 1 to 1000, and go on from the continuation"),
            async headers => await Store.ScanAsync(request, headers, cancellationToken: Token));
    }

    [Fact]
    public Task MultiGet_OfTooManyKeys_IsInvalid()
    {
        MultiGetRequest request = new() { Shard = Shard, Number = Number(1), Collection = "things" };
        request.Keys.AddRange(Enumerable.Range(0, 1_001).Select(i => $"{i}"));
        return RefusedAsync(
            Refusal.Invalid("keys", "keys has 1001 keys, over the limit of 1000; read them in several calls"),
            async headers => await Store.MultiGetAsync(request, headers, cancellationToken: Token));
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task Put_RepeatedWithOtherContent_DoomsTheTransaction()
    {
        UnaryClient before = await BeginAsync();
        await before.PutAsync("orders", _key, "0", Token);
        await before.CommitAsync(Token);
        Metadata headers = (await BeginAsync()).Headers();
        PutReply first = await Store.PutAsync(Put(_key, "1"), headers, cancellationToken: Token);
        Assert.Equal(first, await Store.PutAsync(Put(_key, "1"), headers, cancellationToken: Token));

        await Expected.RefusalAsync(
            Refusal.Aborted(AbortReason.OperationConflict, "came before with other content; number each operation once"),
            async () => await Store.PutAsync(Put(_key, "2"), headers, cancellationToken: Token));

        PutRequest next = Put(_key, "3");
        next.Number = Number(2);
        await Expected.RefusalAsync(
            Refusal.Aborted(AbortReason.OperationConflict, "was aborted at shard orders/0: OperationConflict; begin a new one"),
            async () => await Store.PutAsync(next, headers, cancellationToken: Token));
        Assert.Equal("0", await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    [Theory]
    [InlineData(false, -1)]
    [InlineData(false, 0)]
    [InlineData(false, long.MinValue)]
    [InlineData(true, -1)]
    public Task ReadAt_BeforeTheEpoch_IsInvalid(bool scans, long at) => Expected.RefusalAsync(
        Refusal.Invalid("at", $"at is {at}; a timestamp is microseconds since 1970 times 1024, and above zero"), () => ReadAsync(scans, at));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Rule", "S2")]
    public async Task ReadAt_FarInTheFuture_IsInvalid(bool scans)
    {
        await fixture.UntilServingAsync(Token);
        Instant soon = Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()) + Duration.FromMinutes(1);
        const string Says = "at is…beyond the present…read at a timestamp that a coordinator gave";
        await Expected.RefusalAsync(
            new(RefusalStatus.InvalidArgument, RefusalReason.TimestampInFuture, Says) { Field = "at" },
            () => ReadAsync(scans, Timestamp.FromInstant(soon).Value));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Rule", "S2")]
    public async Task ReadAt_BelowTheHorizon_FailsAndSaysWhereItLies(bool scans)
    {
        await fixture.UntilServingAsync(Token);
        const string Says = "at is…below the history horizon…Read at a later timestamp, or keep history longer (HistoryRetention)";

        // The horizon follows what the shard has published as visible (S4), so that a new shard has none at first.
        await Expected.RefusalInTheEndAsync(
            new(RefusalStatus.FailedPrecondition, RefusalReason.BelowHorizon, Says) { Field = "at" }, () => ReadAsync(scans, at: 1));
    }

    private static OperationNumber Number(long sequence) => new() { Scope = 7, Sequence = sequence };

    private static PutRequest Put(string key, string value) => new()
    {
        Shard = Shard, Number = Number(1), Collection = "things", Key = key, Value = ByteString.CopyFromUtf8(value),
    };

    private Task RefusedAsync(Refusal expected, PutRequest request) => RefusedAsync(
        expected, async headers => await Store.PutAsync(request, headers, cancellationToken: Token));

    private Task RefusedAsync(Refusal expected, Func<Metadata, Task> call) =>
        Expected.NothingChangedAsync(fixture, _key, expected, client => call(client.Headers()));

    private async Task<UnaryClient> BeginAsync()
    {
        await fixture.UntilServingAsync(Token);
        UnaryClient client = UnaryClient.In(fixture);
        await client.BeginAsync(Token);
        return client;
    }

    private async Task ReadAsync(bool scans, long at)
    {
        if (scans)
        {
            ScanAtRequest request = new() { Shard = Shard, Range = new KeyRange { Collection = "things" }, Limit = 1, At = at };
            await Store.ScanAtAsync(request, cancellationToken: Token);
        }
        else
        {
            await UnaryClient.ReadAsync(fixture, "orders", _key, at, Token);
        }
    }
}
