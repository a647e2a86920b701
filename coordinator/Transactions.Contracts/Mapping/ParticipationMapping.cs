using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What a call did for its transaction, between the trailer and the model (X2).</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class ParticipationMapping
{
    // 1,024 shards of the longest names, and a doom of the longest reason.
    private const int MaxTrailerBytes = 256 * 1024;

    /// <summary>The value of the trailer <see cref="MetadataNames.Participants"/>.</summary>
    public static byte[] ToTrailer(Participation participation) => ToWire(participation).ToByteArray();

    /// <summary>What a call did, as it is sent.</summary>
    public static V1.Participants ToWire(Participation participation)
    {
        ArgumentNullException.ThrowIfNull(participation);
        V1.Participants wire = new() { ProtocolVersion = WireLimits.ProtocolVersion };
        wire.Shards.AddRange(participation.Shards.Select(CommitMapping.ToWire));
        if (participation.Doom is { } doom)
        {
            wire.Doom = new() { Reason = doom.Reason, MayRetry = doom.MayRetry };
        }

        return wire;
    }

    /// <summary>Reads the value of the trailer. One that can't be read dooms the transaction as a missing one does.</summary>
    public static bool TryReadTrailer(
        ReadOnlySpan<byte> trailer,
        [NotNullWhen(true)] out Participation? participation,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        participation = null;
        return Parsing.TryParse(
                V1.Participants.Parser, trailer, MetadataNames.Participants, MaxTrailerBytes, out var wire, out refusal)
            && TryRead(wire, out participation, out refusal);
    }

    /// <summary>Reads what a call did; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.Participants? wire,
        [NotNullWhen(true)] out Participation? participation,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        participation = null;
        if (!Check.Present(wire, "participants", out refusal)
            || !CommitMapping.TryRead(wire.Shards, out ImmutableArray<CommitShard> shards, out refusal, "participants.shards")
            || (wire.Doom is not null && !Check.Text(wire.Doom.Reason, Doom.MaxReasonLength, "participants.doom.reason", out refusal)))
        {
            return false;
        }

        participation = new(shards, wire.Doom is null ? null : new Doom(wire.Doom.Reason, wire.Doom.MayRetry));
        return true;
    }
}
