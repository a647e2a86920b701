using NodaTime;
using Transactions.Clocks;

namespace Transactions.Client;

/// <summary>Which moment a snapshot shows (S1). Immutable.</summary>
public abstract record SnapshotOptions
{
    private SnapshotOptions()
    {
    }

    /// <summary>Everything that committed, anywhere, before it is asked for: one round trip to a coordinator.</summary>
    public static SnapshotOptions Strong { get; } = new StrongRead();

    /// <summary>Everything that committed up to a while ago, or later: without a round trip while the clocks' bounds are fresh.</summary>
    /// <param name="staleness">How long ago at the most. Zero or more; more than zero saves the shards a wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public static SnapshotOptions BoundedStaleness(Duration staleness)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(staleness, Duration.Zero);
        return new StaleRead(staleness);
    }

    /// <summary>Exactly this timestamp, such as another snapshot's, or a receipt's.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It isn't above zero.</exception>
    public static SnapshotOptions At(Timestamp timestamp)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timestamp, Timestamp.Zero);
        return new ExactRead(timestamp);
    }

    /// <summary>The state at an instant of the past, as true time goes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It lies outside of what timestamps can say.</exception>
    public static SnapshotOptions At(Instant instant) => At(Timestamp.FromInstant(instant));

    internal sealed record StrongRead : SnapshotOptions;

    internal sealed record StaleRead(Duration Staleness) : SnapshotOptions;

    internal sealed record ExactRead(Timestamp Timestamp) : SnapshotOptions;
}
