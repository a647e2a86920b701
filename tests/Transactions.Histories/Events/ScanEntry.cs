using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>One present key that a scan returned, with its register's value or its list.</summary>
public readonly struct ScanEntry : IEquatable<ScanEntry>
{
    /// <summary>A key with its register's value.</summary>
    public ScanEntry(string key, long value)
    {
        Key = key;
        Value = value;
    }

    /// <summary>A key with its list, which isn't empty.</summary>
    /// <exception cref="ArgumentException">The list is empty: such a key is absent.</exception>
    public ScanEntry(string key, ImmutableArray<long> elements)
    {
        if (elements.IsDefaultOrEmpty)
        {
            throw new ArgumentException("A key with an empty list is absent and has no entry.", nameof(elements));
        }

        Key = key;
        Elements = elements;
    }

    public string Key { get; }

    /// <summary>The register's value; null if the key holds a list.</summary>
    public long? Value { get; }

    /// <summary>The list; default if the key holds a register.</summary>
    public ImmutableArray<long> Elements { get; }

    public bool Equals(ScanEntry other) =>
        Key == other.Key && Value == other.Value && Operation.SameElements(Elements, other.Elements);

    public override bool Equals(object? obj) => obj is ScanEntry other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Key, Value);

    public override string ToString() => $"{Key} {Operation.Describe(Value, Elements)}";

    public static bool operator ==(ScanEntry left, ScanEntry right) => left.Equals(right);

    public static bool operator !=(ScanEntry left, ScanEntry right) => !left.Equals(right);
}
