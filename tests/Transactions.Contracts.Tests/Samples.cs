using CsCheck;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts.Tests;

// Well-formed values, fixed and generated.
internal static class Samples
{
    public static readonly Timestamp Now = Timestamp.FromMicroseconds(1_800_000_000_000_000, 7);
    public static readonly TransactionId Id = TransactionId.Create(Now, new byte[10]);
    public static readonly CoordinatorId Home = new("coordinator-1", new Incarnation(-5));
    public static readonly ShardGeneration Owner = new(ShardId.Parse("payments/0"), new Generation(3));
    public static readonly ClusterSecret Secret = ClusterSecret.FromBytes("0123456789abcdef0123456789abcdef"u8);
    public static readonly TransactionContext Context = new(Id, Now.Previous(), Now.Next(), Home, "checkout");
    public static readonly ClusterIdentity Cluster = new("shop", ProtocolLimits.Default);

    public static readonly Gen<Timestamp> Timestamps = Gen.Long[1, long.MaxValue].Select(v => new Timestamp(v));
    public static readonly Gen<TransactionId> Ids =
        Gen.Byte.Array[10].Select(chance => TransactionId.Create(Now, chance));

    public static readonly Gen<ShardGeneration> Owners = Gen.Select(Gen.Int[0, 9_999], Gen.Long[1, long.MaxValue])
        .Select((shard, generation) => new ShardGeneration(ShardId.Parse($"s/{shard}"), new Generation(generation)));

    public static readonly Gen<AbortReason> Reasons =
        Gen.Int[1, Enum.GetValues<AbortReason>().Length - 1].Select(i => (AbortReason)i);

    public static readonly Gen<Outcome> Outcomes = Gen.Select(Gen.Bool, Timestamps, Reasons)
        .Select((committed, timestamp, reason) => committed ? Outcome.Committed(timestamp) : Outcome.Aborted(reason));

    public static readonly Gen<TransactionContext> Contexts = Gen.Select(Ids, Timestamps, Timestamps, Gen.Long)
        .Select((id, priority, deadline, life) =>
            new TransactionContext(id, priority, deadline, new("coordinator-1", new Incarnation(life)), "checkout"));

    public static readonly Gen<Vote> Votes = Gen.Select(Gen.Bool, Timestamps, Timestamps, Reasons).Select((yes, a, b, reason) =>
        yes ? Vote.Yes(Timestamp.Min(a, b), Timestamp.Max(a, b)) : Vote.No(reason));
}
