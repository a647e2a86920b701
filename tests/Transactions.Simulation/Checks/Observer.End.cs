using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

// What must hold when the storm is over and all has come to rest.
internal sealed partial class Observer
{
    /// <summary>What isn't at rest yet; null when everything is (invariant 8).</summary>
    public string? FindUnrest()
    {
        foreach (SimProcess process in Cluster.Processes)
        {
            if (!process.IsUp)
            {
                return $"{process.Name} is down";
            }
        }

        foreach (SimClient client in Cluster.Clients)
        {
            if (!client.IsQuiet)
            {
                return client.ToString();
            }
        }

        foreach (SimCoordinator coordinator in Cluster.Coordinators)
        {
            if (!coordinator.IsQuiet)
            {
                return coordinator.ToString();
            }
        }

        foreach (ShardId shard in Cluster.ShardIds)
        {
            if (FindUnrest(shard) is { } unrest)
            {
                return unrest;
            }
        }

        return Cluster.Log.FindUnapplied(1) is { IsEmpty: false } unapplied
            ? $"the log: {Describe.Id(unapplied[0].Id)} isn't applied everywhere"
            : null;
    }

    private string? FindUnrest(ShardId shard)
    {
        if (Cluster.Databases[shard].State.Prepared is { IsEmpty: false } prepared)
        {
            return $"{shard}: {prepared.Count} prepared in its database, {Describe.Id(prepared.First().Key)} first";
        }

        bool isServed = false;
        foreach (SimParticipant host in Cluster.HostsOf(shard))
        {
            ShardMachine machine = host.Find(shard)!.Machine;
            isServed |= machine.Phase == OwnershipPhase.Serving;
            if (!machine.IsQuiet || machine.WaitingCalls > 0)
            {
                return $"{host.Name}:{shard}: {machine.OpenTransactions} open, {machine.PreparedTransactions} prepared, "
                    + $"{machine.WaitingCalls} calls, {machine.QueuedPersists} to be persisted";
            }
        }

        return isServed ? null : $"{shard}: nobody serves it";
    }

    /// <summary>Compares what PostgreSQL has with what was told and read (invariants 1, 2, 3 and 6).</summary>
    public void CheckAtRest()
    {
        foreach (Decision row in Cluster.Log.Decisions)
        {
            TransactionFacts? facts = _transactions.GetValueOrDefault(row.Id);
            if (facts?.Outcome is { } told && told.IsCommitted != row.Outcome.IsCommitted)
            {
                world.Fail("1: write-once", $"the log says {row.Outcome} of {Describe.Id(row.Id)}; {facts.ToldBy} said {told}");
            }
            else if (facts?.Outcome is null && row.Outcome.IsCommitted)
            {
                if (!row.Writers.IsEmpty)
                {
                    world.Fail("8: decided", $"the log says {row.Outcome} of {Describe.Id(row.Id)}, and no shard was told");
                }

                // A key's reads: nobody was told yet, and yet they count.
                ToldCommitted(row.Id, row.Outcome.CommitTimestamp, "the log");
            }
        }

        foreach ((ShardId shard, ShardHistory history) in _histories)
        {
            CheckAtRest(shard, history);
        }
    }

    private void CheckAtRest(ShardId shard, ShardHistory history)
    {
        FakeShardState state = Cluster.Databases[shard].State;
        Timestamp horizon = state.Row?.HistoryHorizon ?? default;
        foreach ((RecordKey record, RecordHistory told) in history.Records)
        {
            ImmutableList<RecordVersion> stored = state.Versions.GetValueOrDefault(record, []);
            int kept = 0;
            for (int i = told.Versions.Count - 1; i >= 0; i--)
            {
                RecordVersion version = told.Versions[i].Version;
                bool isNewestAtHorizon = version.CommitTimestamp <= horizon
                    && (i == told.Versions.Count - 1 || told.Versions[i + 1].Version.CommitTimestamp > horizon);
                bool mayBeGone = version.CommitTimestamp <= horizon && !(isNewestAtHorizon && version.Value is not null);
                RecordVersion? found = kept < stored.Count ? stored[kept] : null;
                if (found == version)
                {
                    kept++;
                }
                else if (!mayBeGone)
                {
                    world.Fail("6: nothing acknowledged is lost",
                        $"{shard} {record} lacks the version at {version.CommitTimestamp} by {Describe.Id(told.Versions[i].By)}");
                }
            }

            if (kept < stored.Count)
            {
                world.Fail("2: atomic", $"{shard} {record} has a version at {stored[kept].CommitTimestamp} that nobody committed");
            }
        }

        foreach (RecordKey record in state.Versions.Keys)
        {
            if (!history.Records.ContainsKey(record))
            {
                world.Fail("2: atomic", $"{shard} {record} has versions, and nobody committed any");
            }
        }
    }
}
