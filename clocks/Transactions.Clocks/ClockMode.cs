namespace Transactions.Clocks;

/// <summary>What a cluster relies on for its order. It belongs to the whole cluster and is stored and sent (T5).</summary>
public enum ClockMode
{
    /// <summary>Not given; never valid.</summary>
    Unspecified = 0,

    /// <summary>Every clock knows bounds on true time; with commit-wait, transactions are strictly serializable.</summary>
    Bounded = 1,

    /// <summary>Only the difference between any two clocks is bounded; no commit-wait; serializable, linearizable per key.
    /// </summary>
    Hybrid = 2,
}
