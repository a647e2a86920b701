namespace Transactions.Clocks;

/// <summary>The Lamport clock that a state machine keeps: rising timestamps from the readings that its events carry.</summary>
/// <remarks>
/// T2 without the clock: it reads nothing and judges nothing; whoever calls <see cref="Observe"/> has checked with
/// <see cref="ClockInterval.Accepts"/>. Not thread-safe: each machine has its own. For several threads there
/// is <see cref="HybridClock"/>.
/// </remarks>
/// <param name="last">Everything given is above this.</param>
public sealed class TimestampSequence(Timestamp last = default)
{
    /// <summary>The highest timestamp given or seen.</summary>
    public Timestamp Last { get; private set; } = last;

    /// <summary>Gives a timestamp above everything given or seen, and not before <paramref name="now"/>.</summary>
    /// <param name="now">The reading; its counter is dropped.</param>
    /// <exception cref="OverflowException"><see cref="Last"/> is <see cref="Timestamp.MaxValue"/>; nothing changed.</exception>
    public Timestamp Tick(Timestamp now) => Last = Following(Last, now);

    /// <summary>Moves <see cref="Last"/> up to a timestamp; never back.</summary>
    public void Observe(Timestamp timestamp) => Last = Timestamp.Max(Last, timestamp);

    // T1: next = max(last + 1, now << 10)
    internal static Timestamp Following(Timestamp last, Timestamp now) =>
        Timestamp.Max(last.Next(), Timestamp.FromMicroseconds(now.Microseconds));
}
