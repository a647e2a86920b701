using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What both sides of a handshake must agree on, beside the protocol's version (T5).</summary>
/// <param name="Name">The cluster's name. 1 to <see cref="WireLimits.MaxClusterLength"/> characters.</param>
/// <param name="Limits">What every process of the cluster shares.</param>
public sealed record ClusterIdentity(string Name, ProtocolLimits Limits)
{
    // T5: another mode would break the cluster's order, so it never gets further than the handshake.
    internal Refusal? Refuse(int protocolVersion, string cluster)
    {
        if (protocolVersion != WireLimits.ProtocolVersion)
        {
            return Mismatch(
                "protocol_version",
                $"protocol_version is {protocolVersion} at the peer and {WireLimits.ProtocolVersion} at this side; run versions that agree.");
        }

        // Told back below, so that it must not be of any length.
        if (cluster.Length > WireLimits.MaxClusterLength)
        {
            return Refusal.Invalid("cluster", $"cluster has {cluster.Length} characters; send at most {WireLimits.MaxClusterLength}.");
        }

        return cluster == Name
            ? null
            : Mismatch("cluster", $"The peer belongs to cluster '{cluster}', this side to '{Name}'; check both configurations.");
    }

    internal Refusal? Refuse(ProtocolLimits limits) => limits == Limits
        ? null
        : Mismatch("limits", $"The peer is configured with {limits}, this side with {Limits}; make them the same.");

    private static Refusal Mismatch(string field, string message) =>
        new(RefusalStatus.FailedPrecondition, RefusalReason.ClusterMismatch, message) { Field = field };
}
