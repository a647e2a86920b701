using System.Text;

namespace Transactions.Participant;

/// <summary>Names one record of a shard: its collection and its key in there.</summary>
/// <remarks>Ordered bytewise by UTF-8, as <c>collate "C"</c> orders in PostgreSQL; never by UTF-16 code units. Immutable.</remarks>
/// <param name="Collection">The collection's name.</param>
/// <param name="Key">The key.</param>
public readonly record struct RecordKey(string Collection, string Key) : IComparable<RecordKey>
{
    /// <summary>How many bytes of UTF-8 its collection and key have.</summary>
    internal int Bytes => Encoding.UTF8.GetByteCount(Collection) + Encoding.UTF8.GetByteCount(Key);

    /// <inheritdoc/>
    public int CompareTo(RecordKey other)
    {
        int byCollection = Utf8Order.Compare(Collection, other.Collection);
        return byCollection != 0 ? byCollection : Utf8Order.Compare(Key, other.Key);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Collection}/{Key}";
}
