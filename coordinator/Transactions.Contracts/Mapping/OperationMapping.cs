using System.Diagnostics.CodeAnalysis;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What every store operation has in common, between wire and model (X2).</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class OperationMapping
{
    /// <summary>An operation's number as it is sent.</summary>
    public static V1.OperationNumber ToWire(OperationNumber number) => new() { Scope = number.Scope, Sequence = number.Sequence };

    /// <summary>Reads an operation's number; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.OperationNumber? wire, out OperationNumber number, [NotNullWhen(false)] out Refusal? refusal)
    {
        number = default;
        if (!Check.Present(wire, "number", out refusal)
            || !Check.Range(wire.Sequence, 1, long.MaxValue, "number.sequence", out refusal))
        {
            return false;
        }

        number = new(wire.Scope, wire.Sequence);
        return true;
    }

    /// <summary>Says who admitted an operation.</summary>
    public static V1.Admitted ToAdmitted(ShardGeneration owner, bool wrote) =>
        new() { Shard = owner.Shard.Value, Generation = owner.Generation.Value, Wrote = wrote };

    /// <summary>Reads who admitted an operation; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.Admitted? wire, out ShardGeneration owner, out bool wrote, [NotNullWhen(false)] out Refusal? refusal)
    {
        owner = default;
        wrote = wire?.Wrote ?? false;
        return Check.Present(wire, "admitted", out refusal)
            && Check.Owner(wire.Shard, wire.Generation, "admitted", out owner, out refusal);
    }

    /// <summary>Reads a shard's name; false with a refusal that names the field.</summary>
    public static bool TryReadShard(string wire, out ShardId shard, [NotNullWhen(false)] out Refusal? refusal) =>
        Check.Shard(wire, "shard", out shard, out refusal);
}
