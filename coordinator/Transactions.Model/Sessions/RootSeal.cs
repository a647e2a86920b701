using System.Collections.Immutable;

namespace Transactions.Model;

/// <summary>Whether a transaction's root may send its Commit (X2, X6).</summary>
public abstract record RootSeal
{
    /// <summary>It may, naming these shards; none when nothing was done. No operation is taken any more.</summary>
    public sealed record Ready(ImmutableArray<CommitShard> Shards) : RootSeal
    {
        /// <inheritdoc/>
        public bool Equals(Ready? other) => other is not null && Shards.AsSpan().SequenceEqual(other.Shards.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Shards.Length;
    }

    /// <summary>Never: it must Abort. No operation is taken any more.</summary>
    public sealed record Doomed(Doom Doom) : RootSeal;

    /// <summary>Not yet: calls are in flight, and what they did isn't known. The ledger is as it was.</summary>
    /// <param name="Calls">The calls, for people.</param>
    public sealed record CallsInFlight(ImmutableArray<string> Calls) : RootSeal
    {
        /// <inheritdoc/>
        public bool Equals(CallsInFlight? other) => other is not null && Calls.AsSpan().SequenceEqual(other.Calls.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => Calls.Length;
    }
}
