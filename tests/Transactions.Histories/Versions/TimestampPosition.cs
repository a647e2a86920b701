namespace Transactions.Histories;

/// <summary>A place in the order of timestamps: a snapshot stands right after all that committed at its timestamp.</summary>
internal readonly record struct TimestampPosition(long Value, bool IsSnapshot) : IComparable<TimestampPosition>
{
    public int CompareTo(TimestampPosition other) =>
        Value != other.Value ? Value.CompareTo(other.Value) : IsSnapshot.CompareTo(other.IsSnapshot);

    /// <summary>Whether what committed at <paramref name="commit"/> must be seen here.</summary>
    public bool Sees(long commit) => IsSnapshot ? commit <= Value : commit < Value;
}
