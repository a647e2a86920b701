using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>What a read of a key returned: a register's value, a list (or its beginning), or that the key is absent.</summary>
internal readonly struct Observed
{
    private readonly ImmutableArray<long> _elements;

    public Observed(long? value) => Value = value;

    public Observed(ImmutableArray<long> elements, int length)
    {
        _elements = elements;
        Length = length;
    }

    /// <summary>Nothing is there: a register without a value, or an empty list.</summary>
    public static Observed Absent => default;

    public long? Value { get; }

    /// <summary>How many elements the list has.</summary>
    public int Length { get; }

    public ReadOnlySpan<long> Elements => Length == 0 ? default : _elements.AsSpan(0, Length);

    public bool Is(Observed other) => Value == other.Value && Elements.SequenceEqual(other.Elements);

    public Observed First(int length) => new(_elements, length);

    public override string ToString() => Operation.Describe(Value, Length == 0 ? default : _elements[..Length]);
}
