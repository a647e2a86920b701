using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Committing;

// A sealed transaction's shards with their votes (X6, X7).
internal sealed class SealedSet(CommitSet set, ReadOnlyMemory<byte>? result, Timestamp floor)
{
    private readonly Vote?[] _votes = new Vote?[set.Shards.Length];

    public CommitSet Set { get; } = set;

    public ReadOnlyMemory<byte>? Result { get; } = result;

    // X6: taken when Commit arrived.
    public Timestamp Floor { get; } = floor;

    public bool HasAllVotes => Array.TrueForAll(_votes, v => v is not null);

    public Vote? VoteOf(int index) => _votes[index];

    // X7: a repeat says the same, so the first one counts.
    public void SetVote(int index, Vote vote) => _votes[index] ??= vote;

    public int IndexOf(ShardId shard)
    {
        for (int i = 0; i < Set.Shards.Length; i++)
        {
            if (Set.Shards[i].Owner.Shard == shard)
            {
                return i;
            }
        }

        return -1;
    }

    // X8: the least timestamp that is above the floor and every vote.
    public Timestamp LeastCommitTimestamp() =>
        _votes.Aggregate(Floor, (least, vote) => Timestamp.Max(least, vote!.Value.PrepareTimestamp));

    // X8: up to here every voter's lease lasts.
    public Timestamp GreatestCommitTimestamp() =>
        _votes.Aggregate(Timestamp.MaxValue, (greatest, vote) => Timestamp.Min(greatest, vote!.Value.ValidUntil));

    public ImmutableArray<ShardGeneration> Writers() => [.. Set.Shards.Where(s => s.Wrote).Select(s => s.Owner)];
}
