using System.Diagnostics.Metrics;

namespace Transactions.Participant.Server;

/// <summary>What a participant measures, on the meter <c>Transactions.Participant</c>.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class ParticipantMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Transactions.Participant";

    /// <summary>Makes the instruments.</summary>
    public ParticipantMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        Meter = meters.Create(MeterName);
        Ended = Meter.CreateCounter<long>(
            "transactions.shard.ended", "{transaction}", "Transactions that ended at a shard, by outcome and reason.");
        Wounded = Meter.CreateCounter<long>(
            "transactions.shard.wounded", "{transaction}", "Transactions that lost their locks to an older one.");
        Ambiguous = Meter.CreateCounter<long>(
            "transactions.shard.ambiguous_writes", "{batch}", "Batches that PostgreSQL gave no clear answer for.");
        Takeovers = Meter.CreateCounter<long>("transactions.shard.takeovers", "{takeover}", "How often this process became an owner.");
        Fenced = Meter.CreateCounter<long>("transactions.shard.fenced", "{loss}", "How often this process lost a shard to another.");
    }

    internal Meter Meter { get; }

    internal Counter<long> Ended { get; }

    internal Counter<long> Wounded { get; }

    internal Counter<long> Ambiguous { get; }

    internal Counter<long> Takeovers { get; }

    internal Counter<long> Fenced { get; }
}
