using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf.Collections;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>Who owns which shard, between wire and model: own and disown frames, and lists of owners.</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class OwnershipMapping
{
    /// <summary>The frame that says that a participant now owns a shard.</summary>
    public static V1.ParticipantFrame ToOwn(ShardEndpoint owned) => new()
    {
        Shard = owned.Owner.Shard.Value,
        Generation = owned.Owner.Generation.Value,
        Own = new() { Endpoint = owned.Endpoint },
    };

    /// <summary>The frame that says that a participant no longer owns a shard.</summary>
    public static V1.ParticipantFrame ToDisown(ShardGeneration owner) => new()
    {
        Shard = owner.Shard.Value,
        Generation = owner.Generation.Value,
        Disown = new(),
    };

    /// <summary>Reads an own frame; false with a refusal that names the field at fault.</summary>
    public static bool TryReadOwn(V1.ParticipantFrame wire, out ShardEndpoint owned, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        owned = default;
        if (!Check.Present(wire.Own, "frame.own", out refusal)
            || !Check.Owner(wire.Shard, wire.Generation, "frame", out ShardGeneration owner, out refusal)
            || !Check.Text(wire.Own.Endpoint, WireLimits.MaxEndpointLength, "frame.own.endpoint", out refusal))
        {
            return false;
        }

        owned = new(owner, wire.Own.Endpoint);
        return true;
    }

    /// <summary>Reads a disown frame; false with a refusal that names the field at fault.</summary>
    public static bool TryReadDisown(V1.ParticipantFrame wire, out ShardGeneration owner, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        owner = default;
        return Check.Present(wire.Disown, "frame.disown", out refusal)
            && Check.Owner(wire.Shard, wire.Generation, "frame", out owner, out refusal);
    }

    /// <summary>An owner as it is listed.</summary>
    public static V1.ShardOwner ToWire(ShardEndpoint owned) => new()
    {
        Shard = owned.Owner.Shard.Value,
        Generation = owned.Owner.Generation.Value,
        Endpoint = owned.Endpoint,
    };

    /// <summary>Reads a list of owners; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        RepeatedField<V1.ShardOwner> wire,
        string field,
        out ImmutableArray<ShardEndpoint> owners,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        owners = [];
        if (!Check.Count(wire.Count, WireLimits.MaxOwners, field, out refusal))
        {
            return false;
        }

        var read = ImmutableArray.CreateBuilder<ShardEndpoint>(wire.Count);
        for (int i = 0; i < wire.Count; i++)
        {
            if (!Check.Owner(wire[i].Shard, wire[i].Generation, $"{field}[{i}]", out ShardGeneration owner, out refusal)
                || !Check.Text(wire[i].Endpoint, WireLimits.MaxEndpointLength, $"{field}[{i}].endpoint", out refusal))
            {
                return false;
            }

            read.Add(new(owner, wire[i].Endpoint));
        }

        owners = read.MoveToImmutable();
        return true;
    }
}
