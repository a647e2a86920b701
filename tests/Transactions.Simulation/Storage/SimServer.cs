using Transactions.Model;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>One process's connections to one PostgreSQL server: how long statements take, and what befalls them on the way.</summary>
/// <param name="process">Whose connections they are.</param>
/// <param name="random">Their chance.</param>
/// <param name="crash">Lets the server crash and lose what it hasn't acknowledged.</param>
internal sealed class SimServer(SimProcess process, SimRandom random, Action crash)
{
    private World World => process.World;

    private bool IsStormy => World.IsStormy;

    private bool IsRefusedLate => World.Scenario.Mutant.Store == StoreMutation.RefuseAtApply;

    /// <summary>Sends a write; the answer comes to this life of the process, if at all.</summary>
    /// <param name="write">Does it, under a fault, at the instant of its commit.</param>
    /// <param name="ambiguous">The answer when the real one is lost.</param>
    /// <param name="answer">Takes the answer.</param>
    public void Write<T>(Func<StorageFault, T> write, T ambiguous, Action<T> answer)
    {
        Scenario scenario = World.Scenario;
        int life = process.Life;
        StorageFault fault = Draw();
        long there = Delay();
        bool isSentBeforeCrash = random.Chance(0.5);
        CrashPoint();
        if (fault == StorageFault.AmbiguousLate)
        {
            // The connection is lost, and the statement still runs.
            World.Counters.Add(Path.AmbiguousWrites);
            process.After(there, () => answer(ambiguous));
            World.After(there + random.Skewed(100, 400_000), () => write(StorageFault.None));
            return;
        }

        World.After(there, () =>
        {
            if ((!process.IsUp || process.Life != life) && !isSentBeforeCrash)
            {
                return;
            }

            T result = write(fault);
            if (fault is StorageFault.AmbiguousLost or StorageFault.AmbiguousWritten)
            {
                World.Counters.Add(Path.AmbiguousWrites);
            }

            if (fault == StorageFault.AmbiguousWritten && random.Chance(0.25))
            {
                // The answer was lost because the server is about to be: what was seen meanwhile may go again.
                World.After(random.Skewed(100, 400_000), () =>
                {
                    if (IsStormy)
                    {
                        World.Counters.Add(Path.ServerCrashes);
                        crash();
                    }
                });
            }

            CrashPoint();
            if (process.IsUp && process.Life == life)
            {
                process.After(Delay(), () =>
                {
                    answer(result);
                    CrashPoint();
                });
            }
        });

        StorageFault Draw()
        {
            if (!IsStormy)
            {
                return StorageFault.None;
            }

            if (random.Chance(scenario.StorageRollBack))
            {
                World.Counters.Add(Path.RolledBackWrites);
                return StorageFault.RolledBack;
            }

            return !random.Chance(scenario.StorageAmbiguity) ? StorageFault.None : random.Next(5) switch
            {
                0 => StorageFault.AmbiguousLost,
                1 or 2 => StorageFault.AmbiguousLate,
                _ => StorageFault.AmbiguousWritten,
            };
        }
    }

    /// <summary>Sends a read; the answer comes to this life of the process.</summary>
    /// <param name="read">Reads; its snapshot is of that instant.</param>
    /// <param name="failed">The answer when the connection is lost.</param>
    /// <param name="answer">Takes the answer.</param>
    public void Read<T>(Func<T> read, T failed, Action<T> answer)
    {
        bool fails = IsStormy && random.Chance(World.Scenario.StorageRollBack);
        process.After(Delay(), () =>
        {
            T result = fails ? failed : read();
            process.After(Delay(), () => answer(result));
        });
    }

    /// <summary>Whether PostgreSQL refuses this transaction for a fault of its own, always.</summary>
    public bool IsPoison(TransactionId id) =>
        (IsStormy || IsRefusedLate) && World.Scenario.Poison > 0 && (uint)id.Value.GetHashCode() % 10_000 < World.Scenario.Poison * 10_000;

    private long Delay()
    {
        Scenario scenario = World.Scenario;
        long delay = random.Skewed(scenario.LeastStorageDelay, scenario.MostStorageDelay) / 2;
        return IsStormy && random.Chance(scenario.Lag) ? delay + random.Skewed(scenario.MostStorageDelay, 600_000) : delay;
    }

    private void CrashPoint()
    {
        if (IsStormy && random.Chance(World.Scenario.CrashPoint))
        {
            World.Counters.Add(Path.CrashPoints);
            process.Restart(random.Skewed(1_000, 800_000));
        }
    }
}
