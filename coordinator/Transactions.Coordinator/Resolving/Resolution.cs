using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Committing;
using Transactions.Model;

namespace Transactions.Coordinator.Resolving;

// One Resolve under way (D4), and all who wait for it.
internal sealed class Resolution(TransactionId id, string client, CommitSet set, Waiters waiters)
{
    public TransactionId Id { get; } = id;

    // Who asked first, which doesn't prove that it is theirs.
    public string Client { get; } = client;

    public CommitSet Set { get; } = set;

    public Waiters Waiters { get; } = waiters;

    // Whether the only shard is asked at present, rather than the log.
    public bool IsAskingShard { get; set; }
}
