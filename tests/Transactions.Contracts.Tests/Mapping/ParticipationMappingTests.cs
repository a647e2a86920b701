using CsCheck;
using Transactions.Model;
using Xunit;

namespace Transactions.Contracts.Tests;

[Trait("Rule", "X2")]
public sealed class ParticipationMappingTests
{
    [Fact]
    public void Trailer_AnyParticipation_ThereAndBackIsTheSame()
    {
        Gen<CommitShard> shard = Gen.Select(Samples.Owners, Gen.Bool, Gen.Int[1, Participation.MaxOperations])
            .Select((owner, wrote, operations) => new CommitShard(owner, wrote, operations));
        Gen<Doom?> doom = Gen.Null(Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 0, 600], Gen.Bool).Select((r, m) => new Doom(r, m)));
        Gen.Select(shard.Array[0, 20], doom).Sample((shards, why) =>
        {
            Participation participation = new([.. shards.DistinctBy(s => s.Owner)], why);
            Assert.True(ParticipationMapping.TryReadTrailer(ParticipationMapping.ToTrailer(participation), out Participation? read, out _));
            Assert.Equal(participation, read);
        });
    }

    [Fact]
    public void Trailer_Empty_SaysThatNothingWasDone()
    {
        Assert.True(ParticipationMapping.TryReadTrailer([], out Participation? read, out _));
        Assert.Equal(Participation.None, read);
    }

    [Fact]
    public void Trailer_LargestLedger_IsRead()
    {
        CallLedger ledger = new(1);
        string service = new('s', ShardId.MaxLength - 5);
        for (int i = 0; i < Participation.MaxShards; i++)
        {
            ledger.TryBegin("call", out CallTicket call, out _);
            ledger.Admitted(call, new(ShardId.Parse($"{service}/{i}"), new Generation(long.MaxValue)), true);
        }

        ledger.Condemn(new string('\uFFFD', 1_000), true);

        Assert.True(ParticipationMapping.TryReadTrailer(ParticipationMapping.ToTrailer(ledger.SealHop()), out _, out _));
    }

    [Fact]
    public void Trailer_Garbage_IsRefused()
    {
        Assert.False(ParticipationMapping.TryReadTrailer([0xFF, 0xFF], out _, out Refusal? refusal));
        Assert.Equal("txn-participants-bin", refusal.Field);
        Assert.False(ParticipationMapping.TryReadTrailer(new byte[1 << 20], out _, out refusal));
        Assert.Equal("txn-participants-bin", refusal.Field);
    }

    [Fact]
    public void TryRead_DoomWithoutReason_IsRefused()
    {
        Assert.False(ParticipationMapping.TryRead(new V1.Participants { Doom = new() }, out _, out Refusal? refusal));
        Assert.Equal("participants.doom.reason", refusal.Field);
    }
}
