using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>One micro-operation of a transaction: an append, a write, a read or a scan. Immutable.</summary>
/// <remarks>
/// A key holds either a list or a register, in all of a history. An element is appended to a key at most once in a history;
/// values written to a register should be unique per key too, for a value written twice tells less (see the README).
/// </remarks>
public readonly struct Operation : IEquatable<Operation>
{
    private Operation(OperationKind kind, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Kind = kind;
        Key = key;
    }

    public OperationKind Kind { get; }

    /// <summary>The key; of a scan, the first key of its range.</summary>
    public string Key { get; }

    /// <summary>Of a scan: the key that its range ends before; null if it has no end.</summary>
    public string? End { get; private init; }

    /// <summary>What was appended or written, or the register's value that was read. Null: deleted, absent, or not known yet.</summary>
    public long? Value { get; private init; }

    /// <summary>The list that was read; default if none was.</summary>
    public ImmutableArray<long> Elements { get; private init; }

    /// <summary>What a scan returned; default if that isn't known.</summary>
    public ImmutableArray<ScanEntry> Entries { get; private init; }

    /// <summary>Whether this changes its key.</summary>
    public bool IsWrite => Kind is OperationKind.Append or OperationKind.Write;

    /// <summary>Appends an element to the key's list.</summary>
    public static Operation Append(string key, long element) => new(OperationKind.Append, key) { Value = element };

    /// <summary>Writes the key's register; null deletes it.</summary>
    public static Operation Write(string key, long? value) => new(OperationKind.Write, key) { Value = value };

    /// <summary>A read that found nothing, or whose result isn't known.</summary>
    public static Operation Read(string key) => new(OperationKind.Read, key);

    /// <summary>A read of a register; null if the key is absent.</summary>
    public static Operation Read(string key, long? value) => new(OperationKind.Read, key) { Value = value };

    /// <summary>A read of a list; empty if nothing was appended.</summary>
    public static Operation Read(string key, ImmutableArray<long> elements) =>
        new(OperationKind.Read, key) { Elements = elements.IsDefaultOrEmpty ? default : elements };

    /// <summary>A scan of [<paramref name="start"/>, <paramref name="end"/>) whose result isn't known.</summary>
    public static Operation Scan(string start, string? end) => new(OperationKind.Scan, start) { End = end };

    /// <summary>A scan of [<paramref name="start"/>, <paramref name="end"/>) that returned all present keys of the range.</summary>
    /// <param name="start">The first key; empty is the first of all.</param>
    /// <param name="end">Exclusive; null for no end. Keys compare by their UTF-8 bytes.</param>
    /// <param name="entries">In the order returned.</param>
    public static Operation Scan(string start, string? end, ImmutableArray<ScanEntry> entries) =>
        new(OperationKind.Scan, start) { End = end, Entries = entries.IsDefault ? [] : entries };

    public bool Equals(Operation other) =>
        Kind == other.Kind && Key == other.Key && End == other.End && Value == other.Value
        && SameElements(Elements, other.Elements) && Entries.IsDefault == other.Entries.IsDefault
        && (Entries.IsDefault || Entries.AsSpan().SequenceEqual(other.Entries.AsSpan()));

    public override bool Equals(object? obj) => obj is Operation other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Kind, Key, End, Value);

    public override string ToString() => Kind switch
    {
        OperationKind.Append => $"append {Key} {Value}",
        OperationKind.Write => $"w {Key} {Describe(Value, default)}",
        OperationKind.Read => $"r {Key} {Describe(Value, Elements)}",
        OperationKind.Scan => $"scan [{Key}, {End ?? "end"}) {(Entries.IsDefault ? "?" : $"[{string.Join(", ", Entries)}]")}",
        OperationKind.Unspecified => "none",
    };

    public static bool operator ==(Operation left, Operation right) => left.Equals(right);

    public static bool operator !=(Operation left, Operation right) => !left.Equals(right);

    internal static bool SameElements(ImmutableArray<long> left, ImmutableArray<long> right) =>
        left.IsDefaultOrEmpty ? right.IsDefaultOrEmpty : !right.IsDefault && left.AsSpan().SequenceEqual(right.AsSpan());

    internal static string Describe(long? value, ImmutableArray<long> elements) =>
        !elements.IsDefaultOrEmpty ? $"[{string.Join(' ', elements)}]" : value is { } known ? $"{known}" : "nil";
}
