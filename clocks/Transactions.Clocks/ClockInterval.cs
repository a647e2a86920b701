using NodaTime;

namespace Transactions.Clocks;

/// <summary>A span of time that contains true time, both ends included.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public readonly record struct ClockInterval
{
    private static readonly Duration OneMicrosecond = Duration.FromTicks(10);

    /// <summary>Makes an interval from its ends.</summary>
    /// <exception cref="ArgumentException"><paramref name="latest"/> lies before <paramref name="earliest"/>.</exception>
    public ClockInterval(Timestamp earliest, Timestamp latest)
    {
        if (latest < earliest)
        {
            throw new ArgumentException($"An interval can't end ({latest}) before it begins ({earliest}).", nameof(latest));
        }

        Earliest = earliest;
        Latest = latest;
    }

    /// <summary>True time is not before this.</summary>
    public Timestamp Earliest { get; }

    /// <summary>True time is not after this.</summary>
    public Timestamp Latest { get; }

    /// <summary>The time between the ends, in whole microseconds.</summary>
    public Duration Width => Latest.Since(Earliest);

    /// <summary>The interval that reaches equally far to both sides of a reading.</summary>
    /// <param name="now">The middle.</param>
    /// <param name="uncertainty">How far it reaches, rounded up to the microsecond; not negative.</param>
    /// <remarks>The ends saturate at <see cref="Timestamp.Zero"/> and <see cref="Timestamp.MaxValue"/>.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The uncertainty is negative.</exception>
    public static ClockInterval Around(Timestamp now, Duration uncertainty)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(uncertainty, Duration.Zero);
        return new ClockInterval(now.Minus(uncertainty), now.PlusRoundedUp(uncertainty));
    }

    /// <summary>Whether a timestamp lies between the ends or on one of them.</summary>
    public bool Contains(Timestamp timestamp) => Earliest <= timestamp && timestamp <= Latest;

    /// <summary>How long until <see cref="Earliest"/> is past a timestamp, as seen from this reading.</summary>
    /// <returns>
    /// Zero or positive: not certainly past, wait at least this long and read the clock again. Negative, exactly when
    /// <see cref="Earliest"/> is above <paramref name="timestamp"/>: it is past.
    /// </returns>
    public Duration Until(Timestamp timestamp)
    {
        Duration remaining = timestamp.Since(Earliest);

        // Within one microsecond only the counters tell, and the sign is what a commit-wait goes by.
        return remaining == Duration.Zero && Earliest > timestamp ? -Duration.Epsilon : remaining;
    }

    /// <summary>Whether a peer's timestamp is close enough to be adopted.</summary>
    /// <param name="timestamp">The peer's timestamp.</param>
    /// <param name="maxOffset">How far ahead of <see cref="Latest"/> it may be; exactly this far is still accepted.</param>
    /// <remarks>T2: a timestamp that is not accepted is refused and never adopted, unless it is a decided one, which waits
    /// for <see cref="UntilAccepted"/>.</remarks>
    public bool Accepts(Timestamp timestamp, Duration maxOffset) => timestamp <= Latest.Plus(maxOffset);

    /// <summary>How long until <see cref="Accepts"/> holds for a timestamp, as seen from this reading.</summary>
    /// <returns>Zero if it holds now; else a positive time, after which to read the clock again.</returns>
    public Duration UntilAccepted(Timestamp timestamp, Duration maxOffset) =>
        Accepts(timestamp, maxOffset) ? Duration.Zero : timestamp.Since(Latest.Plus(maxOffset)) + OneMicrosecond;

    /// <summary>Takes the interval apart.</summary>
    public void Deconstruct(out Timestamp earliest, out Timestamp latest) => (earliest, latest) = (Earliest, Latest);

    /// <summary>Both ends, such as <c>[2026-11-23T12:45:10.000000Z, 2026-11-23T12:45:10.000200Z]</c>.</summary>
    public override string ToString() => $"[{Earliest}, {Latest}]";
}
