namespace Transactions.Participant;

/// <summary>Keys of one collection from <paramref name="From"/>, included, to <paramref name="To"/>, excluded.</summary>
/// <param name="Collection">The collection.</param>
/// <param name="From">The least key; empty means from the first.</param>
/// <param name="To">The key above the greatest; null means to the last.</param>
public readonly record struct KeyRange(string Collection, string From, string? To)
{
    /// <summary>Whether the range has this record's key.</summary>
    public bool Contains(RecordKey record) => record.Collection == Collection && Contains(record.Key);

    /// <summary>Whether the range has this key of its collection.</summary>
    public bool Contains(string key) =>
        Utf8Order.Compare(key, From) >= 0 && (To is null || Utf8Order.Compare(key, To) < 0);

    /// <inheritdoc/>
    public override string ToString() => $"{Collection}/[{From}, {To ?? "∞"})";
}
