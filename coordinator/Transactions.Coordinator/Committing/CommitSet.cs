using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Transactions.Coordinator.Calls;
using Transactions.Model;

namespace Transactions.Coordinator.Committing;

// What a Commit or Resolve names, sorted by shard, so that a repeat in another order is still the same.
internal sealed class CommitSet
{
    private CommitSet(ImmutableArray<CommitShard> shards, IdempotencyKey? key)
    {
        Shards = shards;
        Key = key;
    }

    public ImmutableArray<CommitShard> Shards { get; }

    public IdempotencyKey? Key { get; }

    public bool HasWriter => Shards.Any(s => s.Wrote);

    // X11, D4: one shard alone may hold the outcome, as long as no key asks for a record.
    public bool IsKeylessOneShard => Key is null && Shards.Length == 1;

    // X6: one shard under two generations can't be one transaction's.
    public bool NamesShardTwice => Shards.Zip(Shards.Skip(1)).Any(pair => pair.First.Owner.Shard == pair.Second.Owner.Shard);

    public ImmutableArray<ShardGeneration> Owners => [.. Shards.Select(s => s.Owner)];

    public bool Names(ShardGeneration owner) => Shards.Any(s => s.Owner == owner);

    public bool IsSameAs(CommitSet other) => Key == other.Key && Shards.AsSpan().SequenceEqual(other.Shards.AsSpan());

    // Checks what nobody would ever take up, whatever its limits are.
    public static bool TryMake(
        ImmutableArray<CommitShard> shards,
        IdempotencyKey? key,
        TransactionContext context,
        [NotNullWhen(true)] out CommitSet? set,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        set = null;
        refusal = CheckKey(key, context) ?? CheckShards(shards);
        if (refusal is not null)
        {
            return false;
        }

        set = new([.. shards.OrderBy(s => s.Owner.Shard).ThenBy(s => s.Owner.Generation)], key);
        return true;
    }

    private static Refusal? CheckShards(ImmutableArray<CommitShard> shards)
    {
        if (shards.IsDefault)
        {
            return Refusal.Invalid("shards", "No list of shards was given; give an empty one if there are none.");
        }

        foreach (CommitShard shard in shards)
        {
            if (shard.Owner.Shard.Value.Length == 0)
            {
                return Refusal.Invalid("shards.shard", "A shard has no name; give the one that its reply carried.");
            }

            if (shard.Owner.Generation.Value < 1)
            {
                return Refusal.Invalid(
                    "shards.generation", $"{shard.Owner} has a generation below 1; give the one that its reply carried.");
            }

            // X2: a shard is named because it admitted something.
            if (shard.Operations < 1)
            {
                return Refusal.Invalid(
                    "shards.operations", $"{shard.Owner} is named with {shard.Operations} operations; name it with at least 1 or not at all.");
            }
        }

        return shards.Select(s => s.Owner).Distinct().Count() < shards.Length
            ? Refusal.Invalid("shards", "One shard is named twice; name each once, with the sum of its operations.")
            : null;
    }

    private static Refusal? CheckKey(IdempotencyKey? key, TransactionContext context)
    {
        if (key is not { } given)
        {
            return null;
        }

        if (string.IsNullOrEmpty(given.Key) || given.Key.Length > IdempotencyKey.MaxLength)
        {
            return Refusal.Invalid("key", $"The key must have 1 to {IdempotencyKey.MaxLength} characters.");
        }

        // D6: keys are scoped to the caller.
        return given.Client == context.Client
            ? null
            : Refusals.OtherClient("key");
    }
}
