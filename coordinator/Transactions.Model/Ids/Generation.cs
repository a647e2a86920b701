namespace Transactions.Model;

/// <summary>Counts the owners that a shard has had (<em>generation clock</em>); each takeover adds one.</summary>
/// <param name="Value">Zero before the first owner.</param>
public readonly record struct Generation(long Value) : IComparable<Generation>
{
    /// <summary>The generation that follows.</summary>
    public Generation Next() => new(Value + 1);

    /// <inheritdoc/>
    public int CompareTo(Generation other) => Value.CompareTo(other.Value);

    /// <summary>Whether the left one came first.</summary>
    public static bool operator <(Generation left, Generation right) => left.Value < right.Value;

    /// <summary>Whether the left one came last.</summary>
    public static bool operator >(Generation left, Generation right) => left.Value > right.Value;

    /// <summary>Whether the left one isn't the later.</summary>
    public static bool operator <=(Generation left, Generation right) => left.Value <= right.Value;

    /// <summary>Whether the left one isn't the earlier.</summary>
    public static bool operator >=(Generation left, Generation right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}
