using System.Collections.Immutable;

namespace Transactions.Participant;

/// <summary>What a transaction asks of a shard. Compared by content, so that a repeat is known as one (X2).</summary>
public abstract record Operation
{
    /// <summary>Whether it may write.</summary>
    internal bool Writes => this is Put or InsertIfAbsent or Delete;

    /// <summary>How many bytes of a value it carries.</summary>
    internal int ValueLength => this switch
    {
        Put put => put.Value.Length,
        InsertIfAbsent insert => insert.Value.Length,
        _ => 0,
    };

    /// <summary>Reads the records named, in their order, with shared locks, or exclusive ones to write them later.</summary>
    public sealed record Get(string Collection, ImmutableArray<string> Keys, bool ForUpdate) : Operation
    {
        /// <inheritdoc/>
        public bool Equals(Get? other) =>
            other is not null && Collection == other.Collection && ForUpdate == other.ForUpdate && Keys.AsSpan().SequenceEqual(other.Keys.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(Collection, Keys.Length, ForUpdate);
    }

    /// <summary>Writes a value, whatever was there.</summary>
    public sealed record Put(RecordKey Record, Document Value) : Operation;

    /// <summary>Writes a value if the key has none; the answer says whether it did.</summary>
    public sealed record InsertIfAbsent(RecordKey Record, Document Value) : Operation;

    /// <summary>Removes a value, whether there is one or not.</summary>
    public sealed record Delete(RecordKey Record) : Operation;

    /// <summary>Reads a range in key order, at most <paramref name="Limit"/> records, with a range lock: no phantoms.</summary>
    public sealed record Scan(KeyRange Range, int Limit) : Operation;
}
