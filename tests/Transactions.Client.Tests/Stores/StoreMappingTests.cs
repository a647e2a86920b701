using System.Collections.Immutable;
using System.Text;
using CsCheck;
using Google.Protobuf;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client.Tests.Stores;

public sealed class StoreMappingTests
{
    private static readonly ShardId Shard = ShardId.Parse("payments/0");
    private static readonly ShardGeneration Owner = new(Shard, new(7));

    private static readonly Gen<string> Keys = Gen.String[Gen.Char['a', 'z'], 1, 8];

    private static readonly Gen<Document> Documents = Keys.Select(k => Document.FromText($"\"{k}\""));

    private static readonly Gen<KeyRange> Ranges =
        Gen.Select(Keys, Keys, Gen.Bool, (from, to, isOpen) => new KeyRange("c", isOpen ? "" : from, isOpen ? null : to));

    private static readonly Gen<Operation> Operations = Gen.OneOf(
        Gen.Select(Keys.Array[1, 4], Gen.Bool, (keys, forUpdate) => (Operation)new Operation.Get("c", [.. keys], forUpdate)),
        Gen.Select(Keys, Documents, (key, value) => (Operation)new Operation.Put(new("c", key), value)),
        Gen.Select(Keys, Documents, (key, value) => (Operation)new Operation.InsertIfAbsent(new("c", key), value)),
        Keys.Select(key => (Operation)new Operation.Delete(new("c", key))),
        Gen.Select(Ranges, Gen.Int[1, 9], (range, limit) => (Operation)new Operation.Scan(range, limit)));

    private static readonly Gen<StoreCall> Calls = Gen.OneOf(
        Gen.Select(Gen.Long, Gen.Long[1, 99], Operations, (scope, sequence, operation) =>
            (StoreCall)new StoreCall.Execute(Shard, new(scope, sequence), operation)),
        Gen.Select(Gen.Long[0, 99], Keys.Array[1, 4], (at, keys) =>
            (StoreCall)new StoreCall.Read(Shard, at == 0 ? null : new Timestamp(at), new SnapshotQuery.Get("c", [.. keys]))),
        Gen.Select(Gen.Long[0, 99], Ranges, Gen.Int[1, 9], (at, range, limit) =>
            (StoreCall)new StoreCall.Read(Shard, at == 0 ? null : new Timestamp(at), new SnapshotQuery.Scan(range, limit))));

    private static readonly Gen<Entry> Entries =
        Gen.Select(Keys, Documents, Gen.Long[0, 99], (key, value, at) => new Entry(key, value, new(at)));

    [Fact]
    public void Requests_Any_ReadBackTheSame() => Calls.Sample(call =>
    {
        V1.StoreRequest wire = V1.StoreRequest.Parser.ParseFrom(StoreMapping.ToRequest(17, null, call).ToByteArray());

        Assert.Equal(17ul, wire.Correlation);
        Assert.True(StoreMapping.TryRead(wire, out StoreCall? read, out _));
        Assert.Equal(Describe(call), Describe(read));
    });

    [Fact]
    public void Replies_ToAnyRequest_ReadBackTheSame() => Gen.Select(Calls, Entries.Array[0, 5], Gen.Bool, Gen.Bool).Sample(
        (call, entries, isCut, wrote) =>
        {
            V1.StoreRequest.OperationOneofCase asked = StoreMapping.ToRequest(1, null, call).OperationCase;
            OperationResult result = call switch
            {
                StoreCall.Execute { Operation: Operation.Get get } => Found(get.Keys, entries),
                StoreCall.Execute { Operation: Operation.InsertIfAbsent } => new OperationResult.Inserted(wrote),
                StoreCall.Execute { Operation: Operation.Scan } => new OperationResult.Scanned([.. entries], isCut ? "next" : null),
                StoreCall.Execute => OperationResult.Done.Instance,
                StoreCall.Read { Query: SnapshotQuery.Get get } => Found(get.Keys, entries),
                _ => new OperationResult.Scanned([.. entries], isCut ? "next" : null),
            };
            ShardAnswer answer = call is StoreCall.Execute ? new ShardAnswer.Admitted(Owner, result, wrote) : new ShardAnswer.Read(new(5), result);

            V1.StoreReply wire = V1.StoreReply.Parser.ParseFrom(StoreMapping.ToReply(17, asked, answer).ToByteArray());

            Assert.Equal(17ul, wire.Correlation);
            Assert.True(StoreMapping.TryRead(wire, out ShardAnswer? read, out _));
            Assert.Equal(Describe(answer), Describe(read));
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Rule", "X2")]
    public void Refusals_AdmittedOrNot_ReadBackTheSame(bool wasAdmitted)
    {
        ShardAnswer.Refused answer = new(Refusal.Aborted(AbortReason.Wounded, "wounded"), wasAdmitted ? Owner : null);

        V1.StoreReply wire = StoreMapping.ToReply(1, V1.StoreRequest.OperationOneofCase.Put, answer);

        Assert.True(StoreMapping.TryRead(wire, out ShardAnswer? read, out _));
        Assert.Equal(answer, read);
    }

    public static TheoryData<V1.StoreRequest, string> BadRequests() => new()
    {
        { new() { Get = new() { Shard = "Payments", Number = Number(), Collection = "c", Key = "k" } }, "shard" },
        { new() { Get = new() { Shard = "payments/0", Collection = "c", Key = "k" } }, "number" },
        { new() { Put = new() { Shard = "payments/0", Number = new(), Collection = "c", Key = "k" } }, "number.sequence" },
        { new() { Scan = new() { Shard = "payments/0", Number = Number(), Limit = 1 } }, "range" },
        { new() { GetAt = new() { Shard = "payments/0", Collection = "c", Keys = { "k" }, At = 0 } }, "at" },
        { new() { ScanAt = new() { Shard = "payments/0", Range = new() { Collection = "c" }, Limit = 1, At = -1 } }, "at" },
        { new() { ScanAt = new() { Shard = "payments/0", Limit = 1 } }, "range" },
        { new(), "operation" },
    };

    [Theory]
    [MemberData(nameof(BadRequests), DisableDiscoveryEnumeration = true)]
    public void TryRead_BadRequest_NamesTheField(V1.StoreRequest request, string field)
    {
        Assert.False(StoreMapping.TryRead(request, out _, out Refusal? refusal));

        Assert.Equal(RefusalStatus.InvalidArgument, refusal.Status);
        Assert.Equal(field, refusal.Field);
    }

    public static TheoryData<V1.StoreReply, string> BadReplies() => new()
    {
        { new(), "result" },
        { new() { Put = new() }, "admitted" },
        { new() { Get = new() { Admitted = Admitted(), Entry = new() { Key = "k", CommitTimestamp = -1 } } }, "entry.commit_timestamp" },
        { new() { Delete = new() { Admitted = new() { Shard = "payments/0" } } }, "admitted.generation" },
        { new() { GetAt = new() }, "read_timestamp" },
        { new() { Refused = new() }, "refused.status" },
        { new() { Refused = new() { Status = new() { Code = 14, Message = "a proxy's" } } }, "refused.status" },
    };

    [Theory]
    [MemberData(nameof(BadReplies), DisableDiscoveryEnumeration = true)]
    public void TryRead_BadReply_NamesTheField(V1.StoreReply reply, string field)
    {
        Assert.False(StoreMapping.TryRead(reply, out _, out Refusal? refusal));

        Assert.Equal(field, refusal.Field);
    }

    private static V1.OperationNumber Number() => new() { Scope = 1, Sequence = 1 };

    private static V1.Admitted Admitted() => new() { Shard = "payments/0", Generation = 1 };

    private static OperationResult.Found Found(ImmutableArray<string> keys, Entry[] entries) =>
        new([.. keys.Select((_, i) => i < entries.Length ? entries[i] : (Entry?)null)]);

    // Records with arrays compare by reference: their contents are told instead.
    private static string Describe(object? value)
    {
        StringBuilder text = new();
        Describe(value, text);
        return text.ToString();
    }

    private static void Describe(object? value, StringBuilder text)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case string or Document or Timestamp or ShardId or ShardGeneration or OperationNumber or RecordKey or KeyRange:
                text.Append(value);
                break;
            case System.Collections.IEnumerable all:
                foreach (object? one in all)
                {
                    Describe(one, text.Append(' '));
                }

                break;
            case var record when record.GetType().IsPrimitive:
                text.Append(record);
                break;
            default:
                text.Append(value.GetType().Name).Append('{');
                foreach (System.Reflection.PropertyInfo property in value.GetType().GetProperties().Where(p => p.GetIndexParameters().Length == 0 && p.GetMethod!.IsStatic is false))
                {
                    Describe(property.GetValue(value), text.Append(property.Name).Append('='));
                }

                text.Append('}');
                break;
        }
    }
}
