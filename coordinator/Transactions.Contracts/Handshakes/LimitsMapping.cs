using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>The cluster's limits between wire and model.</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class LimitsMapping
{
    /// <summary>Limits as they are sent.</summary>
    public static V1.ClusterLimits ToWire(ProtocolLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return new()
        {
            Mode = (V1.ClockMode)(int)limits.Mode,
            MaxOffset = Check.ToWire(limits.MaxOffset),
            MaxLifetime = Check.ToWire(limits.MaxLifetime),
            Retention = Check.ToWire(limits.Retention),
        };
    }

    /// <summary>Reads limits; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.ClusterLimits? wire, [NotNullWhen(true)] out ProtocolLimits? limits, [NotNullWhen(false)] out Refusal? refusal)
    {
        limits = null;
        if (!Check.Present(wire, "limits", out refusal))
        {
            return false;
        }

        ClockMode mode = (ClockMode)(int)wire.Mode;
        if (mode == ClockMode.Unspecified || !Enum.IsDefined(mode))
        {
            refusal = Refusal.Invalid("limits.mode", $"limits.mode is {(int)wire.Mode}, which is no mode of this protocol version; send one of those.");
            return false;
        }

        if (!Check.Duration(wire.MaxOffset, "limits.max_offset", out Duration maxOffset, out refusal)
            || !Check.Duration(wire.MaxLifetime, "limits.max_lifetime", out Duration maxLifetime, out refusal)
            || !Check.Duration(wire.Retention, "limits.retention", out Duration retention, out refusal))
        {
            return false;
        }

        limits = new(mode, maxOffset, maxLifetime, retention);
        return true;
    }
}
