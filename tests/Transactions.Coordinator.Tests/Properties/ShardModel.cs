using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Properties;

/// <summary>A shard as far as a coordinator sees it: votes, keeps what it promised, applies what it is told.</summary>
public sealed class ShardModel(ShardId id)
{
    private readonly Dictionary<TransactionId, Branch> _branches = [];

    private sealed class Branch
    {
        public Vote? Vote { get; set; }

        public bool Wrote { get; set; }

        public Outcome? Ended { get; set; }
    }

    public ShardId Id { get; } = id;

    public Generation Generation { get; private set; } = new(1);

    public ShardGeneration Owner => new(Id, Generation);

    /// <summary>Writers that voted YES and have heard nothing: they wait, for ever if need be.</summary>
    public IEnumerable<TransactionId> InDoubt =>
        _branches.Where(b => b.Value is { Wrote: true, Ended: null, Vote.IsYes: true }).Select(b => b.Key).Order();

    /// <summary>How a transaction that wrote here ended here; null when it never wrote, or nobody said.</summary>
    public Outcome? EndOf(TransactionId id) => _branches.GetValueOrDefault(id) is { Wrote: true } branch ? branch.Ended : null;

    /// <summary>A new owner: what was persisted is loaded, what only memory held is gone (L3).</summary>
    public void TakeOver()
    {
        Generation = Generation.Next();
        foreach (TransactionId id in _branches.Where(b => b.Value is { Wrote: false, Ended: null }).Select(b => b.Key).ToArray())
        {
            _branches.Remove(id);
        }
    }

    /// <param name="now">The present.</param>
    /// <param name="chance">Decides what the shard is free to decide.</param>
    public ShardFrame? Receive(CoordinatorFrame frame, Timestamp now, int chance)
    {
        Branch branch = _branches.TryGetValue(frame.Id, out Branch? known) ? known : _branches[frame.Id] = new();
        return frame switch
        {
            CoordinatorFrame.Prepare prepare => Prepare(prepare, branch, now, chance),
            CoordinatorFrame.CommitOnePhase commit => CommitOnePhase(commit, branch, now, chance),
            CoordinatorFrame.Ended ended => End(ended, branch),
            CoordinatorFrame.ResolveOnePhase => Resolve(frame.Id, branch),
            CoordinatorFrame.Pending => null,
            _ => throw new ArgumentException(frame.GetType().Name),
        };
    }

    private ShardFrame.Voted? Prepare(CoordinatorFrame.Prepare frame, Branch branch, Timestamp now, int chance)
    {
        if (branch.Ended is { IsCommitted: true })
        {
            return null;
        }

        if (branch.Vote is null)
        {
            branch.Wrote = frame.Wrote;
            branch.Vote = branch.Ended is not null || frame.Generation != Generation || chance % 8 == 0
                ? Vote.No(AbortReason.Wounded)
                : Vote.Yes(
                    Timestamp.Max(frame.Floor, now).Plus(NodaTime.Duration.FromMilliseconds(chance % 5)),
                    now.Plus(NodaTime.Duration.FromMilliseconds(chance % 16 == 1 ? 2 : 4_000)));
        }

        return new(frame.Id, new(Id, frame.Generation), branch.Ended is null ? branch.Vote.Value : Vote.No(AbortReason.Wounded));
    }

    private ShardFrame.OnePhaseEnded? CommitOnePhase(CoordinatorFrame.CommitOnePhase frame, Branch branch, Timestamp now, int chance)
    {
        if (frame.Generation > Generation)
        {
            return null;
        }

        branch.Wrote = frame.Wrote;
        branch.Ended ??= frame.Generation != Generation || chance % 4 == 0
            ? Outcome.Aborted(AbortReason.CountMismatch)
            : Outcome.Committed(Timestamp.Max(frame.Floor, now));
        return new(frame.Id, Owner, branch.Ended.Value);
    }

    private ShardFrame.Applied? End(CoordinatorFrame.Ended frame, Branch branch)
    {
        if (branch.Ended is { } ended)
        {
            // What a shard is told twice is the same, unless it ended by itself what it never voted for.
            Assert.True(ended.Kind == frame.Outcome.Kind || branch.Vote is not { IsYes: true }, $"{Id} heard two outcomes");
        }
        else
        {
            branch.Ended = frame.Outcome;

            // A reader's vote was binding until its lease ended; a later owner, which knows nothing of it, may say NO to a repeat.
            if (frame.Outcome.IsCommitted && branch is { Wrote: true, Vote: { } vote })
            {
                Assert.True(vote.IsYes, "X8: committed against a NO");
                Assert.True(frame.Outcome.CommitTimestamp >= vote.PrepareTimestamp, "X8: committed below a vote");
                Assert.True(frame.Outcome.CommitTimestamp <= vote.ValidUntil, "X8: committed beyond a vote's lease");
            }
        }

        return frame.Outcome.IsCommitted && branch.Wrote ? new(frame.Id, Owner) : null;
    }

    private ShardFrame.Resolved Resolve(TransactionId id, Branch branch)
    {
        if (branch is { Ended: null, Vote.IsYes: true })
        {
            return new(id, Owner, ShardResolution.Of(ShardResolutionKind.Voted));
        }

        branch.Ended ??= Outcome.Aborted(AbortReason.Resolved);
        return new(id, Owner, branch.Ended is { IsCommitted: true } committed
            ? ShardResolution.Committed(committed.CommitTimestamp)
            : ShardResolution.Of(ShardResolutionKind.NotCommitted));
    }
}
