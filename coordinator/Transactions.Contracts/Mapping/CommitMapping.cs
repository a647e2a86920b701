using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>Commit and Resolve, and the set of shards that they name (X6, D4), between wire and model.</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class CommitMapping
{
    /// <summary>A shard as it is sent.</summary>
    public static V1.CommitShard ToWire(CommitShard shard) => new()
    {
        Shard = shard.Owner.Shard.Value,
        Generation = shard.Owner.Generation.Value,
        Wrote = shard.Wrote,
        Operations = shard.Operations,
    };

    /// <summary>Reads a set of shards; false with a refusal that names the field at fault.</summary>
    /// <remarks>
    /// X6: one shard under two generations is well formed, since the coordinator aborts such a transaction; the same pair twice
    /// isn't.
    /// </remarks>
    public static bool TryRead(
        RepeatedField<V1.CommitShard> wire,
        out ImmutableArray<CommitShard> shards,
        [NotNullWhen(false)] out Refusal? refusal,
        string field = "shards")
    {
        ArgumentNullException.ThrowIfNull(wire);
        shards = [];
        if (!Check.Count(wire.Count, Participation.MaxShards, field, out refusal))
        {
            return false;
        }

        var read = ImmutableArray.CreateBuilder<CommitShard>(wire.Count);
        HashSet<ShardGeneration> seen = [];
        for (int i = 0; i < wire.Count; i++)
        {
            string element = $"{field}[{i}]";
            if (!TryRead(wire[i], element, out CommitShard shard, out refusal))
            {
                return false;
            }

            if (!seen.Add(shard.Owner))
            {
                refusal = Refusal.Invalid(element, $"{element} names {shard.Owner} again; send each once, its counts added up.");
                return false;
            }

            read.Add(shard);
        }

        shards = read.MoveToImmutable();
        return true;
    }

    /// <summary>A Commit as it is sent.</summary>
    public static V1.CommitRequest ToRequest(V1.SignedContext context, CommitOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        V1.CommitRequest request = new() { Context = context };
        request.Shards.AddRange(order.Shards.Select(ToWire));
        if (order.Key is { } key)
        {
            request.IdempotencyKey = key.Key;
        }

        if (order.Result is { } result)
        {
            request.Result = UnsafeByteOperations.UnsafeWrap(result);
        }

        return request;
    }

    /// <summary>A Resolve as it is sent: the same set and key as the Commit whose reply was lost (D4).</summary>
    public static V1.ResolveRequest ToResolveRequest(V1.SignedContext context, CommitOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        V1.ResolveRequest request = new() { Context = context };
        request.Shards.AddRange(order.Shards.Select(ToWire));
        if (order.Key is { } key)
        {
            request.IdempotencyKey = key.Key;
        }

        return request;
    }

    /// <summary>Reads a Commit and verifies its context.</summary>
    public static bool TryRead(
        V1.CommitRequest request,
        ContextVerifier verifier,
        [NotNullWhen(true)] out CommitOrder? order,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(verifier);
        order = null;
        if (request.HasResult && !request.HasIdempotencyKey)
        {
            refusal = Refusal.Invalid("result", "result is there without idempotency_key, so nobody could ask for it; send both.");
            return false;
        }

        if (!Check.Bytes(request.Result.Length, 0, WireLimits.MaxResultBytes, "result", out refusal)
            || !TryRead(request.Context, request.Shards, KeyOf(request), verifier, out order, out refusal))
        {
            return false;
        }

        if (request.HasResult)
        {
            order = order with { Result = request.Result.Memory };
        }

        return true;
    }

    /// <summary>Reads a Resolve and verifies its context.</summary>
    public static bool TryRead(
        V1.ResolveRequest request,
        ContextVerifier verifier,
        [NotNullWhen(true)] out CommitOrder? order,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(verifier);
        string? key = request.HasIdempotencyKey ? request.IdempotencyKey : null;
        return TryRead(request.Context, request.Shards, key, verifier, out order, out refusal);
    }

    private static string? KeyOf(V1.CommitRequest request) => request.HasIdempotencyKey ? request.IdempotencyKey : null;

    private static bool TryRead(
        V1.SignedContext? wireContext,
        RepeatedField<V1.CommitShard> wireShards,
        string? key,
        ContextVerifier verifier,
        [NotNullWhen(true)] out CommitOrder? order,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        order = null;
        if (!verifier.TryVerify(wireContext, out TransactionContext? context, out refusal)
            || !TryRead(wireShards, out ImmutableArray<CommitShard> shards, out refusal)
            || (key is not null && !Check.Text(key, IdempotencyKey.MaxLength, "idempotency_key", out refusal)))
        {
            return false;
        }

        order = new(context, shards) { Key = key is null ? null : new IdempotencyKey(context.Client, key) };
        return true;
    }

    private static bool TryRead(
        V1.CommitShard wire, string field, out CommitShard shard, [NotNullWhen(false)] out Refusal? refusal)
    {
        shard = default;
        if (!Check.Owner(wire.Shard, wire.Generation, field, out ShardGeneration owner, out refusal)
            || !Check.Range(wire.Operations, 1, Participation.MaxOperations, $"{field}.operations", out refusal))
        {
            return false;
        }

        shard = new(owner, wire.Wrote, wire.Operations);
        return true;
    }
}
