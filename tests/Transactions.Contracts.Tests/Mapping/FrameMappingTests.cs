using System.Reflection;
using CsCheck;
using Google.Protobuf;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Contracts.Tests;

public sealed class FrameMappingTests
{
    private static readonly Gen<ShardFrame> ShardFrames = Gen.Select(
            Gen.Int[0, 9], Samples.Contexts, Samples.Owners, Samples.Votes, Samples.Outcomes, Samples.Reasons)
        .Select((kind, context, owner, vote, outcome, reason) => (ShardFrame)(kind switch
        {
            0 => new ShardFrame.Enlist(context.Id, owner, context),
            1 => new ShardFrame.Voted(context.Id, owner, vote),
            2 => new ShardFrame.OnePhaseEnded(context.Id, owner, outcome),
            3 => new ShardFrame.Applied(context.Id, owner),
            4 => new ShardFrame.InDoubt(context.Id, owner, context.Coordinator),
            5 => new ShardFrame.Dropped(context.Id, owner, reason),
            6 => new ShardFrame.Resolved(context.Id, owner, ShardResolution.Committed(context.Priority)),
            7 => new ShardFrame.Resolved(context.Id, owner, ShardResolution.Of(ShardResolutionKind.NotCommitted)),
            8 => new ShardFrame.Resolved(context.Id, owner, ShardResolution.Of(ShardResolutionKind.Voted)),
            _ => new ShardFrame.Resolved(context.Id, owner, ShardResolution.Of(ShardResolutionKind.Expired)),
        }));

    private static readonly Gen<CoordinatorFrame> CoordinatorFrames = Gen.Select(
            Gen.Int[0, 4], Samples.Ids, Samples.Owners, Samples.Timestamps, Gen.Bool, Gen.Int[1, 1_000_000], Samples.Outcomes)
        .Select((kind, id, owner, floor, wrote, operations, outcome) => (CoordinatorFrame)(kind switch
        {
            0 => new CoordinatorFrame.Prepare(id, owner.Generation, floor, wrote, operations),
            1 => new CoordinatorFrame.CommitOnePhase(id, owner.Generation, floor, wrote, operations),
            2 => new CoordinatorFrame.Ended(id, outcome),
            3 => new CoordinatorFrame.Pending(id),
            _ => new CoordinatorFrame.ResolveOnePhase(id),
        }));

    [Fact]
    public void ShardFrame_ThereAndBack_IsTheSame()
    {
        ShardFrames.Sample(frame =>
        {
            var wire = V1.ParticipantFrame.Parser.ParseFrom(ShardFrameMapping.ToWire(frame).ToByteArray());
            Assert.True(ShardFrameMapping.TryRead(wire, out ShardFrame? read, out _));
            Assert.Equal(frame, read);
        });
    }

    [Fact]
    public void CoordinatorFrame_ThereAndBack_IsTheSame()
    {
        CoordinatorFrames.Sample(frame =>
        {
            var wire = V1.CoordinatorFrame.Parser.ParseFrom(CoordinatorFrameMapping.ToWire(Samples.Owner.Shard, frame).ToByteArray());
            Assert.True(CoordinatorFrameMapping.TryRead(wire, out ShardId shard, out CoordinatorFrame? read, out _));
            Assert.Equal(frame, read);
            Assert.Equal(Samples.Owner.Shard, shard);
        });
    }

    [Fact]
    public void Frames_OfTheModel_AreAllMapped()
    {
        // The generators above make every kind, so a new kind of frame must be added to them and to the mapping.
        HashSet<Type> made = [];
        ShardFrames.Sample(frame => { lock (made) { made.Add(frame.GetType()); } }, iter: 1_000);
        CoordinatorFrames.Sample(frame => { lock (made) { made.Add(frame.GetType()); } }, iter: 1_000);

        Type[] all = [.. typeof(ShardFrame).GetNestedTypes(BindingFlags.Public), .. typeof(CoordinatorFrame).GetNestedTypes(BindingFlags.Public)];
        Assert.Equal(all.ToHashSet(), made);
    }

    [Fact]
    public void OwnAndDisown_ThereAndBack_AreTheSame()
    {
        ShardEndpoint owned = new(Samples.Owner, "https://payments:5001");

        Assert.True(OwnershipMapping.TryReadOwn(OwnershipMapping.ToOwn(owned), out ShardEndpoint read, out _));
        Assert.Equal(owned, read);
        Assert.True(OwnershipMapping.TryReadDisown(OwnershipMapping.ToDisown(Samples.Owner), out ShardGeneration owner, out _));
        Assert.Equal(Samples.Owner, owner);
    }

    [Fact]
    public void ShardFrame_OwnFrame_IsRefused()
    {
        Assert.False(ShardFrameMapping.TryRead(OwnershipMapping.ToDisown(Samples.Owner), out _, out Refusal? refusal));
        Assert.Equal("frame.transaction", refusal.Field);
    }

    /// <summary>Frames with one fault each, and the field that the refusal must name.</summary>
    public static TheoryData<string, Action<V1.ParticipantFrame>> ShardFrameFaults() => new()
    {
        { "frame.shard", f => f.Shard = "" },
        { "frame.shard", f => f.Shard = "no shard" },
        { "frame.shard", f => f.Shard = new string('a', 200) + "/0" },
        { "frame.generation", f => f.Generation = 0 },
        { "frame.generation", f => f.Generation = -1 },
        { "frame.transaction", f => f.Transaction = ByteString.Empty },
        { "frame.transaction", f => f.Transaction = ByteString.CopyFrom(new byte[16]) },
        { "frame.transaction", f => f.Transaction = ByteString.CopyFrom(new byte[17]) },
        { "frame.body", f => f.ClearBody() },
        { "frame.body", f => f.Own = new() { Endpoint = "x" } },
        { "frame.voted.vote", f => f.Voted = new() },
        { "frame.voted.no", f => f.Voted = new() { No = V1.AbortReason.Unspecified } },
        { "frame.voted.no", f => f.Voted = new() { No = (V1.AbortReason)99 } },
        { "frame.voted.yes.prepare_timestamp", f => f.Voted = new() { Yes = new() { PrepareTimestamp = -1, ValidUntil = 1 } } },
        { "frame.voted.yes.valid_until", f => f.Voted = new() { Yes = new() { PrepareTimestamp = 1 } } },
        { "frame.voted.yes.valid_until", f => f.Voted = new() { Yes = new() { PrepareTimestamp = 2, ValidUntil = 1 } } },
        { "frame.one_phase_ended", f => f.OnePhaseEnded = new() },
        { "frame.one_phase_ended.committed_at", f => f.OnePhaseEnded = new() { CommittedAt = 0 } },
        { "frame.one_phase_ended.aborted", f => f.OnePhaseEnded = new() { Aborted = V1.AbortReason.Unspecified } },
        { "frame.in_doubt.coordinator", f => f.InDoubt = new() },
        { "frame.in_doubt.coordinator", f => f.InDoubt = new() { Coordinator = new string('c', 64) } },
        { "frame.dropped", f => f.Dropped = V1.AbortReason.Unspecified },
        { "frame.resolved.resolution", f => f.Resolved = new() },
        { "frame.resolved.committed_at", f => f.Resolved = new() { CommittedAt = long.MinValue } },
        { "frame.resolved.uncommitted", f => f.Resolved = new() { Uncommitted = V1.UncommittedKind.Unspecified } },
        { "frame.resolved.uncommitted", f => f.Resolved = new() { Uncommitted = (V1.UncommittedKind)1 } },
        { "frame.resolved.uncommitted", f => f.Resolved = new() { Uncommitted = (V1.UncommittedKind)5 } },
        { "frame.enlist.client", f => f.Enlist.Client = new string('c', 101) },
        { "frame.enlist.id", f => f.Enlist.Id = ByteString.CopyFrom(TransactionId.Create(new Timestamp(1L << 40)).ToBytes()) },
        { "frame.enlist.deadline", f => f.Enlist.Deadline = 0 },
    };

    [Theory]
    [MemberData(nameof(ShardFrameFaults), DisableDiscoveryEnumeration = true)]
    public void ShardFrame_WithAFault_IsRefusedNamingTheField(string field, Action<V1.ParticipantFrame> spoil)
    {
        var wire = ShardFrameMapping.ToWire(new ShardFrame.Enlist(Samples.Id, Samples.Owner, Samples.Context));
        spoil(wire);

        Assert.False(ShardFrameMapping.TryRead(wire, out _, out Refusal? refusal));
        Assert.Equal(field, refusal.Field);
        Assert.Equal(RefusalStatus.InvalidArgument, refusal.Status);
    }

    /// <summary>Frames with one fault each, and the field that the refusal must name.</summary>
    public static TheoryData<string, Action<V1.CoordinatorFrame>> CoordinatorFrameFaults() => new()
    {
        { "frame.shard", f => f.Shard = "payments/00" },
        { "frame.transaction", f => f.Transaction = ByteString.CopyFrom(new byte[15]) },
        { "frame.body", f => f.ClearBody() },
        { "frame.prepare.generation", f => f.Prepare.Generation = 0 },
        { "frame.prepare.floor", f => f.Prepare.Floor = 0 },
        { "frame.prepare.operations", f => f.Prepare.Operations = 0 },
        { "frame.prepare.operations", f => f.Prepare.Operations = 1_000_001 },
        { "frame.commit_one_phase.generation", f => f.CommitOnePhase = new() },
        { "frame.ended", f => f.Ended = new() },
        { "frame.ended.aborted", f => f.Ended = new() { Aborted = (V1.AbortReason)(-1) } },
    };

    [Theory]
    [MemberData(nameof(CoordinatorFrameFaults), DisableDiscoveryEnumeration = true)]
    public void CoordinatorFrame_WithAFault_IsRefusedNamingTheField(string field, Action<V1.CoordinatorFrame> spoil)
    {
        CoordinatorFrame.Prepare prepare = new(Samples.Id, new Generation(1), Samples.Now, true, 1);
        var wire = CoordinatorFrameMapping.ToWire(Samples.Owner.Shard, prepare);
        spoil(wire);

        Assert.False(CoordinatorFrameMapping.TryRead(wire, out _, out _, out Refusal? refusal));
        Assert.Equal(field, refusal.Field);
    }

    [Fact]
    public void TryRead_AnyBytes_NeverThrows()
    {
        // Frames parsed from noise, and from frames with flipped bytes.
        Gen<byte[]> spoiled = Gen.Select(ShardFrames, Gen.Int[0, 500], Gen.Byte).Select((frame, at, value) =>
        {
            byte[] bytes = ShardFrameMapping.ToWire(frame).ToByteArray();
            bytes[at % bytes.Length] = value;
            return bytes;
        });
        Gen.OneOf(spoiled, Gen.Byte.Array[0, 200]).Sample(bytes =>
        {
            if (Parse(V1.ParticipantFrame.Parser, bytes) is { } frame)
            {
                bool isRead = ShardFrameMapping.TryRead(frame, out ShardFrame? read, out Refusal? refusal);
                Assert.Equal(isRead, read is not null);
                Assert.Equal(isRead, refusal is null);
            }

            if (Parse(V1.CoordinatorFrame.Parser, bytes) is { } other)
            {
                Assert.Equal(
                    CoordinatorFrameMapping.TryRead(other, out _, out CoordinatorFrame? read, out Refusal? refusal), refusal is null);
                Assert.Equal(refusal is null, read is not null);
            }
        });
    }

    private static T? Parse<T>(MessageParser<T> parser, byte[] bytes)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
