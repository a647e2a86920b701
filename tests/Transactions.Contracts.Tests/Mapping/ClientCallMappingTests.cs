using Google.Protobuf;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Contracts.Tests;

public sealed class ClientCallMappingTests
{
    [Fact]
    public void Begin_ThereAndBack_IsTheSame()
    {
        BeginTerms full = new("checkout", Duration.FromMilliseconds(1_500) + Duration.FromNanoseconds(1), Samples.Now);
        BeginTerms bare = new("checkout", null, null);

        Assert.True(ClientCallMapping.TryRead(ClientCallMapping.ToWire(full), out BeginTerms? read, out _));
        Assert.Equal(full, read);
        Assert.True(ClientCallMapping.TryRead(ClientCallMapping.ToWire(bare), out read, out _));
        Assert.Equal(bare, read);
    }

    /// <summary>Begins with one fault each, and the field that the refusal must name.</summary>
    public static TheoryData<string, Action<V1.BeginRequest>> BeginFaults() => new()
    {
        { "client", r => r.Client = "" },
        { "client", r => r.Client = new string('c', 101) },
        { "timeout", r => r.Timeout = new() },
        { "timeout", r => r.Timeout = new() { Seconds = -1 } },
        { "timeout", r => r.Timeout = new() { Seconds = 1, Nanos = -1 } },
        { "timeout", r => r.Timeout = new() { Seconds = 1, Nanos = 1_000_000_000 } },
        { "timeout", r => r.Timeout = new() { Seconds = long.MaxValue } },
        { "priority", r => r.Priority = 0 },
        { "priority", r => r.Priority = -1 },
    };

    [Theory]
    [MemberData(nameof(BeginFaults), DisableDiscoveryEnumeration = true)]
    public void Begin_WithAFault_IsRefusedNamingTheField(string field, Action<V1.BeginRequest> spoil)
    {
        V1.BeginRequest wire = new() { Client = "checkout" };
        spoil(wire);

        Assert.False(ClientCallMapping.TryRead(wire, out _, out Refusal? refusal));
        Assert.Equal(field, refusal.Field);
    }

    [Fact]
    public void Heartbeat_ThereAndBack_IsTheSame()
    {
        var wire = ClientCallMapping.ToHeartbeat("checkout", [Samples.Id]);
        Assert.True(ClientCallMapping.TryRead(wire, out var ids, out _));
        Assert.Equal([Samples.Id], ids);

        var reply = ClientCallMapping.ToHeartbeatReply([(Samples.Id, AbortReason.Wounded)]);
        Assert.True(ClientCallMapping.TryRead(reply, out var ended, out _));
        Assert.Equal([(Samples.Id, AbortReason.Wounded)], ended);
    }

    [Fact]
    public void Heartbeat_TooManyOrMalformed_IsRefused()
    {
        var wire = ClientCallMapping.ToHeartbeat("checkout", Enumerable.Repeat(Samples.Id, WireLimits.MaxHeartbeats));
        Assert.True(ClientCallMapping.TryRead(wire, out _, out _));

        wire.Transactions.Add(wire.Transactions[0]);
        Assert.False(ClientCallMapping.TryRead(wire, out _, out Refusal? refusal));
        Assert.Equal("transactions", refusal.Field);

        wire = ClientCallMapping.ToHeartbeat("checkout", [Samples.Id]);
        wire.Transactions.Add(ByteString.Empty);
        Assert.False(ClientCallMapping.TryRead(wire, out _, out refusal));
        Assert.Equal("transactions[1]", refusal.Field);
    }

    [Fact]
    public void GetOutcome_ByIdOrKey_ThereAndBackIsTheSame()
    {
        IdempotencyKey key = new("checkout", "order-17");

        Assert.True(ClientCallMapping.TryRead(ClientCallMapping.ToOutcomeRequest(Samples.Id), out var id, out var readKey, out _));
        Assert.Equal((Samples.Id, null), (id!.Value, readKey));
        Assert.True(ClientCallMapping.TryRead(ClientCallMapping.ToOutcomeRequest(key), out id, out readKey, out _));
        Assert.Equal((null, key), (id, readKey!.Value));
        Assert.False(ClientCallMapping.TryRead(new V1.GetOutcomeRequest(), out _, out _, out _));
    }

    [Fact]
    public void GetOutcomeReply_KnownOrNot_ThereAndBackIsTheSame()
    {
        CommitResult result = new(Samples.Id, Outcome.Committed(Samples.Now), null);

        Assert.True(OutcomeMapping.TryRead(OutcomeMapping.ToOutcomeReply(result), out CommitResult? read, out _));
        Assert.Equal(result, read);
        Assert.True(OutcomeMapping.TryRead(OutcomeMapping.ToOutcomeReply(null), out read, out _));
        Assert.Null(read);
    }

    [Fact]
    public void EndedReply_WithResult_KeepsItsBytes()
    {
        CommitResult result = new(Samples.Id, Outcome.Aborted(AbortReason.Wounded), new byte[] { 0, 1 });

        Assert.True(OutcomeMapping.TryRead(OutcomeMapping.ToReply(result), out CommitResult? read, out _));
        Assert.Equal(result.Outcome, read.Outcome);
        Assert.Equal([0, 1], read.Result!.Value.ToArray());
    }

    [Fact]
    public void EndedReply_WithoutOutcome_IsRefused()
    {
        var wire = OutcomeMapping.ToReply(new(Samples.Id, Outcome.Committed(Samples.Now), null));
        wire.Outcome = null;

        Assert.False(OutcomeMapping.TryRead(wire, out CommitResult? _, out Refusal? refusal));
        Assert.Equal("ended.outcome", refusal.Field);
        Assert.Throws<BrokenInvariantException>(() => OutcomeMapping.ToWire(default(Outcome)));
    }

    [Fact]
    public void GetTimestamp_ThereAndBack_IsTheSame()
    {
        ClockInterval clock = new(Samples.Now.Previous(), Samples.Now.Next());
        var wire = ClientCallMapping.ToTimestampReply(Samples.Now, clock);

        Assert.True(ClientCallMapping.TryRead(wire, out Timestamp timestamp, out ClockInterval read, out _));
        Assert.Equal((Samples.Now, clock), (timestamp, read));

        wire.Latest = wire.Earliest - 1;
        Assert.False(ClientCallMapping.TryRead(wire, out _, out _, out Refusal? refusal));
        Assert.Equal("latest", refusal.Field);
    }

    [Fact]
    [Trait("Rule", "S1")]
    public void Snapshot_ThereAndBack_IsTheSame()
    {
        byte[] metadata = ContextMapping.ToSnapshotMetadata(Samples.Now);

        Assert.True(ContextMapping.TryReadSnapshotMetadata(metadata, out Timestamp read, out _));
        Assert.Equal(Samples.Now, read);
        Assert.False(ContextMapping.TryReadSnapshotMetadata([], out _, out Refusal? refusal));
        Assert.Equal("txn-snapshot-bin.read_timestamp", refusal.Field);
        Assert.False(ContextMapping.TryReadSnapshotMetadata([0xFF], out _, out refusal));
        Assert.Equal("txn-snapshot-bin", refusal.Field);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public void OperationNumber_ThereAndBack_IsTheSame()
    {
        OperationNumber number = new(long.MinValue, 1);

        Assert.True(OperationMapping.TryRead(OperationMapping.ToWire(number), out OperationNumber read, out _));
        Assert.Equal(number, read);
        Assert.False(OperationMapping.TryRead(new V1.OperationNumber { Scope = 1 }, out _, out Refusal? refusal));
        Assert.Equal("number.sequence", refusal.Field);
        Assert.False(OperationMapping.TryRead((V1.OperationNumber?)null, out _, out refusal));
        Assert.Equal("number", refusal.Field);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public void Admitted_ThereAndBack_IsTheSame()
    {
        var wire = OperationMapping.ToAdmitted(Samples.Owner, wrote: true);

        Assert.True(OperationMapping.TryRead(wire, out ShardGeneration owner, out bool wrote, out _));
        Assert.Equal((Samples.Owner, true), (owner, wrote));
    }
}
