using Transactions.Model;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>One process's connections to one PostgreSQL server: how long statements take, and what befalls them on the way.</summary>
internal sealed class SimServer(SimProcess process, SimRandom random, SimNetwork network, SimDatabase database)
{
    // Another one for each database, and the same in each run.
    private readonly int _salt = database.Name.Aggregate(17, (salt, letter) => unchecked((salt * 486_187_739) + letter));

    private SimProcess Process => process;

    private Partitions Partitions => network.Partitions;

    private SimDatabase Database => database;

    private World World => process.World;

    private bool IsStormy => World.IsStormy;

    /// <summary>Sends a write; the answer comes to this life of the process, if at all.</summary>
    /// <param name="step">What it is, for crashes at it.</param>
    /// <param name="write">Does it, under a fault, at the instant of its commit.</param>
    /// <param name="ambiguous">The answer when the real one is lost.</param>
    /// <param name="answer">Takes the answer.</param>
    public void Write<T>(StorageStep step, Func<StorageFault, T> write, T ambiguous, Action<T> answer)
    {
        StorageFault fault = DrawFault();
        Statement<T> statement = new(this, step, ambiguous, answer);
        long there = Delay() + DrawStuck(step);
        bool isSentBeforeCrash = random.Chance(0.5);
        CrashAt(step, CrashPlace.Before);
        if (fault == StorageFault.AmbiguousLate)
        {
            // The connection is lost, and the statement still runs.
            World.Counters.Add(Fault.WrittenLate);
            statement.AnswerAfter(there, ambiguous);
            World.After(there + random.Skewed(100, 400_000), () => write(StorageFault.None));
            return;
        }

        World.After(there, () =>
        {
            if (statement.IsSenderThere || isSentBeforeCrash)
            {
                Arrive(statement, fault, write);
            }
        });
    }

    /// <summary>Sends a read; the answer comes to this life of the process.</summary>
    /// <param name="step">What it is, for crashes at it.</param>
    /// <param name="read">Reads; its snapshot is of that instant.</param>
    /// <param name="failed">The answer when the connection is lost.</param>
    /// <param name="answer">Takes the answer.</param>
    public void Read<T>(StorageStep step, Func<T> read, T failed, Action<T> answer)
    {
        bool fails = IsStormy && random.Chance(World.Scenario.StorageRollBack);
        Statement<T> statement = new(this, step, failed, answer);
        CrashAt(step, CrashPlace.Before);
        process.After(Delay(), () =>
        {
            if (fails || statement.IsConnectionLost || Partitions.IsCut(process.Name, database.Name))
            {
                World.Counters.Add(Fault.FailedRead);
                statement.AnswerAfter(fails ? Delay() : GivesUpAfter(), failed);
                return;
            }

            T result = read();
            CrashAt(step, CrashPlace.In);
            statement.Return(result);
        });
    }

    /// <summary>Whether this PostgreSQL refuses this transaction for a fault of its own, however often it is tried.</summary>
    public bool IsPoison(TransactionId id) =>
        World.Scenario.Poison > 0 && World.Observer.Opened != default
        && (uint)(id.Value.GetHashCode() ^ _salt) % 10_000 < World.Scenario.Poison * 10_000;

    private void Arrive<T>(Statement<T> statement, StorageFault fault, Func<StorageFault, T> write)
    {
        long cut = Partitions.Left(process.Name, database.Name);
        if (cut > 0 || database.StallLeft > 0)
        {
            // It doesn't get there, or its commit doesn't get on, for a while: whoever waits gives up, or doesn't have to.
            long left = Math.Max(cut, database.StallLeft);
            statement.AnswerAfter(Math.Max(left + 1, GivesUpAfter()), statement.Lost);
            if (cut == 0 || random.Chance(0.5))
            {
                World.After(left, () => Do(statement, fault, write));
            }

            return;
        }

        Do(statement, fault, write);
    }

    private void Do<T>(Statement<T> statement, StorageFault fault, Func<StorageFault, T> write)
    {
        if (statement.IsConnectionLost)
        {
            statement.AnswerAfter(Delay(), statement.Lost);
            return;
        }

        T result = write(fault);
        if (fault == StorageFault.AmbiguousWritten && random.Chance(0.25))
        {
            // The answer was lost because the server is about to be: what was seen meanwhile may go again.
            World.After(random.Skewed(100, 400_000), () =>
            {
                if (IsStormy)
                {
                    World.Counters.Add(Fault.DatabaseCrash);
                    database.Crash(keepsUnflushed: false, breaksConnections: false);
                }
            });
        }

        if (statement.IsSenderThere)
        {
            CrashAt(statement.Step, CrashPlace.In);
            statement.Return(result);
        }
    }

    private StorageFault DrawFault()
    {
        if (!IsStormy)
        {
            return StorageFault.None;
        }

        if (random.Chance(World.Scenario.StorageRollBack))
        {
            World.Counters.Add(Fault.RolledBackBatch);
            return StorageFault.RolledBack;
        }

        if (!random.Chance(World.Scenario.StorageAmbiguity))
        {
            return StorageFault.None;
        }

        switch (random.Next(5))
        {
            case 0:
                World.Counters.Add(Fault.LostUnanswered);
                return StorageFault.AmbiguousLost;
            case 1 or 2:
                return StorageFault.AmbiguousLate;
            default:
                World.Counters.Add(Fault.WrittenUnanswered);
                return StorageFault.AmbiguousWritten;
        }
    }

    // D5: a statement that is done after the mark has passed it.
    private long DrawStuck(StorageStep step)
    {
        if (!IsStormy || World.Scenario.Sleep == 0 || step is not (StorageStep.Record or StorageStep.Persist) || !random.Chance(0.02))
        {
            return 0;
        }

        World.Counters.Add(Fault.StuckStatement);
        return World.Scenario.Sleep + random.Skewed(100, 2_000_000);
    }

    private long Delay()
    {
        Scenario scenario = World.Scenario;
        long delay = random.Skewed(scenario.LeastStorageDelay, scenario.MostStorageDelay) / 2 * database.Slowness;
        if (!IsStormy || !random.Chance(scenario.Lag))
        {
            return delay;
        }

        World.Counters.Add(Fault.LateMessage);
        return delay + random.Skewed(scenario.MostStorageDelay, 600_000);
    }

    /// <summary>How long a process waits for an answer that doesn't come.</summary>
    private long GivesUpAfter() => random.Skewed(20_000, 800_000);

    private void CrashAt(StorageStep step, CrashPlace place)
    {
        double likely = Math.Min(0.3, World.Scenario.CrashPoint * Rarity(step));
        if (step == StorageStep.Apply)
        {
            likely = Math.Max(likely, World.Scenario.CrashAtApply);
        }

        if (IsStormy && process.IsUp && random.Chance(likely))
        {
            World.Counters.Add(step, place);
            process.Restart(random.Skewed(1_000, 800_000));
        }
    }

    // Rare steps would else hardly ever be crashed at.
    private static int Rarity(StorageStep step) => step switch
    {
        StorageStep.HandBack or StorageStep.ReadOutcome => 100,
        StorageStep.Reconcile or StorageStep.TakeOver or StorageStep.Load => 30,
        StorageStep.PruneShard or StorageStep.PruneLog => 15,
        StorageStep.MarkApplied or StorageStep.ReadDecision or StorageStep.ReadShardRow or StorageStep.FindUnapplied => 2,
        StorageStep.Record or StorageStep.Persist or StorageStep.Apply => 4,
        StorageStep.Renew or StorageStep.ReadVersions => 1,
    };

    /// <summary>One statement of one life of the process, over one connection; answered once at most.</summary>
    private sealed class Statement<T>(SimServer server, StorageStep step, T lost, Action<T> answer)
    {
        private readonly int _life = server.Process.Life;
        private readonly int _connections = server.Database.Connections;
        private bool _isAnswered;

        public StorageStep Step => step;

        /// <summary>The answer when the real one is lost.</summary>
        public T Lost => lost;

        public bool IsSenderThere => server.Process.IsUp && server.Process.Life == _life;

        public bool IsConnectionLost => server.Database.Connections != _connections;

        /// <summary>The answer goes back, and may be lost or held on its way.</summary>
        public void Return(T result)
        {
            bool isCut = server.Partitions.IsCut(server.Database.Name, server.Process.Name);
            long held = server.Database.HoldLeft;
            long givesUpAfter = isCut || held > 0 ? server.GivesUpAfter() : 0;
            if (isCut || held > givesUpAfter)
            {
                AnswerAfter(givesUpAfter, lost);
            }
            else
            {
                AnswerAfter(held + server.Delay(), result);
            }
        }

        public void AnswerAfter(long microseconds, T result)
        {
            World world = server.World;
            world.After(microseconds, () =>
            {
                if (IsSenderThere && !_isAnswered)
                {
                    _isAnswered = true;
                    answer(result);
                    server.CrashAt(step, CrashPlace.After);
                }
            });
        }
    }
}
