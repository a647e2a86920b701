using Transactions.Model;

namespace Transactions.Participant;

/// <summary>One transaction's place in the queue for PostgreSQL, and what to do when it gets there.</summary>
internal sealed class PersistJob(PersistItem item)
{
    public PersistItem Item { get; } = item;

    /// <summary>Whether it must go alone: a batch that it was in was refused, or failed again and again (X7).</summary>
    public bool IsSingle { get; set; }

    /// <summary>How often a batch that it was in was rolled back for now.</summary>
    public int Failures { get; set; }

    /// <summary>How many bytes of keys and values it takes to PostgreSQL.</summary>
    public long Bytes { get; init; }

    /// <summary>
    /// Asked before each try, when certainly nothing of it is written: whether it shall go. Whoever says no has ended its
    /// transaction.
    /// </summary>
    public Func<bool> ShallGo { get; init; } = static () => true;

    /// <summary>It is durable; the outcome is what the register holds.</summary>
    public required Action<Outcome?> Persisted { get; init; }

    /// <summary>PostgreSQL refuses it for good; nothing of it was written.</summary>
    public required Action<string> Refused { get; init; }
}
