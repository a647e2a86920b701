using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

// Section 5, X12 and S4: when an owner may serve, what it promised when it hands back, and what it has published.
internal sealed partial class Observer
{
    private readonly HashSet<ShardGeneration> _served = [];

    // By shard's name and life: votes that no outcome has ended there.
    private readonly Dictionary<(string Shard, int Life), Dictionary<TransactionId, OpenVote>> _openVotes = [];

    /// <summary>An owner hands its shard back (L5).</summary>
    public void HandsBack(string owner, ShardId shard, bool isRenewing)
    {
        if (isRenewing)
        {
            world.Fail("L5", $"{owner} hands {shard} back, and a renewal of its lease is under way");
        }
    }

    // X4, L1: as far as clocks keep their bounds, an owner admits only while its lease certainly lasts, so that nobody else can have taken the shard over.
    // L3, L5: and only from when it has loaded what its predecessors left until it stops.
    private void CheckAdmits(SimShard shard, ShardGeneration owner)
    {
        if (world.Scenario.ClockExcess == 0 && Cluster.Databases[shard.Id].State.Row is { } row && row.Generation != owner.Generation)
        {
            world.Fail("X4", $"{shard.Name} admits an operation as generation {owner.Generation}, and {row.Generation} owns the shard");
        }

        if (!_served.Contains(owner))
        {
            world.Fail("L3", $"{shard.Name} admits an operation as generation {owner.Generation}, and hasn't loaded what is prepared");
        }
        else if (shard.Owned != owner)
        {
            world.Fail("L5", $"{shard.Name} admits an operation as generation {owner.Generation}, and had said that it serves no more");
        }
    }

    private void Voted(SimShard shard, ShardFrame.Voted voted)
    {
        if (!_openVotes.TryGetValue((shard.Name, shard.Life), out Dictionary<TransactionId, OpenVote>? open))
        {
            open = [];
            _openVotes.Add((shard.Name, shard.Life), open);
        }

        open.TryAdd(voted.Id, new OpenVote(voted.Vote.ValidUntil));
    }

    private void HasWord(SimShard shard, TransactionId id)
    {
        if (_openVotes.TryGetValue((shard.Name, shard.Life), out var open) && open.TryGetValue(id, out OpenVote? vote))
        {
            vote.HasWord = true;
        }
    }

    // X12: a reader without word keeps its locks until its vote has certainly ended.
    private void VoteEnded(SimShard shard, ShardNotice.Ended ended)
    {
        if (_openVotes.TryGetValue((shard.Name, shard.Life), out var open)
            && open.Remove(ended.Id, out OpenVote? vote)
            && vote is { HasWord: false, ValidUntil: var until }
            && ended.Outcome is { IsCommitted: false, Reason: AbortReason.CoordinatorLost }
            && until >= Now)
        {
            world.Fail("X12", $"{shard.Name} lets go of {Describe.Id(ended.Id)} without word, and its vote is valid until {until}; it is {Now}");
        }
    }

    // L5: a successor starts above the lease that is handed back: below it nothing may have been promised.
    private void CheckHandedBack(ShardId shard, ShardRow before, ShardRow after)
    {
        Counters.Add(Path.HandBacks);
        if (_histories[shard].GreatestServed is var served && served > after.LeaseUntil)
        {
            world.Fail("L5", $"{shard} is handed back at {after.LeaseUntil}, and was served at {served}");
        }

        foreach (SimParticipant host in Cluster.HostsOf(shard))
        {
            SimShard here = host.Find(shard)!;
            if (host.Name == before.Owner && _openVotes.TryGetValue((here.Name, here.Life), out var open))
            {
                foreach ((TransactionId id, OpenVote vote) in open)
                {
                    if (vote.ValidUntil > after.LeaseUntil)
                    {
                        world.Fail("L5", $"{shard} is handed back at {after.LeaseUntil}, and the vote for {Describe.Id(id)} is valid until {vote.ValidUntil}");
                    }
                }
            }
        }
    }

    // S4: what is published as visible is read by others; nothing comes in below.
    private void CheckAboveVisible(ShardId shard, TransactionId id, Timestamp at, ShardRow row)
    {
        if (at <= row.VisibleUpto)
        {
            world.Fail("S4", $"{shard} gives {Describe.Id(id)} the timestamp {at}, and has published {row.VisibleUpto} as visible");
        }
    }

    private sealed class OpenVote(Timestamp validUntil)
    {
        public Timestamp ValidUntil => validUntil;

        /// <summary>Whether a coordinator has told its outcome.</summary>
        public bool HasWord { get; set; }
    }
}
