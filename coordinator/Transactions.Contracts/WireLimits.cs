namespace Transactions.Contracts;

/// <summary>The sizes and counts that the contracts allow; anything beyond is refused before it is looked at.</summary>
public static class WireLimits
{
    /// <summary>The protocol that this version speaks; both sides of a handshake must name the same.</summary>
    public const int ProtocolVersion = 1;

    /// <summary>How large a serialized signed context may be, in bytes.</summary>
    public const int MaxContextBytes = 1_024;

    /// <summary>How many frames, requests or replies one stream message may carry.</summary>
    public const int MaxFramesPerMessage = 512;

    /// <summary>How large one stream message may be, in bytes, unless it carries a single larger item.</summary>
    public const int MaxMessageBytes = 1 << 20;

    /// <summary>How long a cluster's name may be, in characters.</summary>
    public const int MaxClusterLength = 63;

    /// <summary>How long a participant's identity may be, in characters.</summary>
    public const int MaxIdentityLength = 100;

    /// <summary>How long an endpoint may be, in characters.</summary>
    public const int MaxEndpointLength = 500;

    /// <summary>How many shards one participant may own, and how many owners a directory may list.</summary>
    public const int MaxOwners = 10_000;

    /// <summary>How many coordinators a Hello may list.</summary>
    public const int MaxCoordinators = 1_000;

    /// <summary>How many transactions one heartbeat may name.</summary>
    public const int MaxHeartbeats = 10_000;

    /// <summary>How large the result stored under an idempotency key may be at all, in bytes; a coordinator may allow less.</summary>
    public const int MaxResultBytes = 1 << 20;

    /// <summary>How high the epoch of client keys may be raised.</summary>
    public const int MaxKeyEpoch = 1_000_000;
}
