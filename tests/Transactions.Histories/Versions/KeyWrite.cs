namespace Transactions.Histories;

/// <summary>One write of a transaction to a key: an appended element, or a register's value.</summary>
internal sealed class KeyWrite(Transaction by, KeyHistory key, long? value)
{
    /// <summary>What <see cref="Version"/> is for a write that has no place in its key's order.</summary>
    public const int NoVersion = -1;

    public Transaction By { get; } = by;

    public KeyHistory Key { get; } = key;

    /// <summary>Null is a register's deletion.</summary>
    public long? Value { get; } = value;

    /// <summary>Its place among all writes of its key.</summary>
    public int Number { get; } = key.Writes.Count;

    /// <summary>Whether the transaction didn't write the key again.</summary>
    public bool IsLast { get; set; } = true;

    /// <summary>The next write of the same value to the same register.</summary>
    public KeyWrite? SameValue { get; set; }

    /// <summary>Its place among the versions of its key, from 1; 0 is the initial state.</summary>
    public int Version { get; set; } = NoVersion;

    /// <summary>Of an element: its place in the longest list that was read; <see cref="int.MaxValue"/> if it isn't there.</summary>
    public int Place { get; set; } = int.MaxValue;
}
