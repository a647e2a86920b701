using NodaTime;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>All that a seed decides before a run begins: its size, its limits, and its weather.</summary>
internal sealed record Scenario
{
    public required ulong Seed { get; init; }

    public required Profile Profile { get; init; }

    public required Workload Workload { get; init; }

    public required Mutant Mutant { get; init; }

    public required int Coordinators { get; init; }

    public required int Services { get; init; }

    public required int ShardsPerService { get; init; }

    public int Shards => Services * ShardsPerService;

    /// <summary>How many processes host each shard: its owner, and standbys that take over.</summary>
    public required int HostsPerShard { get; init; }

    public required Placement Placement { get; init; }

    public required int Clients { get; init; }

    public required int AccountsPerShard { get; init; }

    /// <summary>How long new transactions are begun, in microseconds.</summary>
    public required long Duration { get; init; }

    /// <summary>How long everybody sleeps in the middle, in microseconds: longer than anything is remembered (D5), or zero.</summary>
    public long Sleep { get; init; }

    /// <summary>The fewest transactions that a run begins, if it takes longer.</summary>
    public int LeastTransactions { get; init; } = 100;

    /// <summary>The fewest faults that a run injects, if it takes longer.</summary>
    public int LeastFaults { get; init; } = 5;

    /// <summary>The most transactions that a run begins, once it has had its faults.</summary>
    public required int MostTransactions { get; init; }

    /// <summary>How likely a worker reads at a timestamp instead of running a transaction.</summary>
    public double Snapshots { get; init; } = 0.2;

    public required ProtocolLimits Limits { get; init; }

    public required CoordinatorOptions CoordinatorOptions { get; init; }

    public required ShardOptions ShardOptions { get; init; }

    /// <summary>With how many records a part of a range that is read ends.</summary>
    public int MostMetInAPart { get; init; } = int.MaxValue;

    public required Duration LeastTimeout { get; init; }

    /// <summary>How likely a transaction has hardly any time.</summary>
    public double TightDeadlines { get; init; }

    /// <summary>How likely a transaction's id or deadline is dated as it mustn't be (X1).</summary>
    public double StrangeDates { get; init; }

    /// <summary>How likely more operations of a transaction come after it has ended, near its deadline or at a new owner.</summary>
    public double Strays { get; init; }

    /// <summary>How likely a client does what it shouldn't: sends what is refused, commits without waiting for all, lets a call go.</summary>
    public double Carelessness { get; init; }

    public required int MostEventsInATurn { get; init; }

    public required long LeastUncertainty { get; init; }

    public required long MostUncertainty { get; init; }

    public required long LeastDelay { get; init; }

    public required long MostDelay { get; init; }

    public required long LeastStorageDelay { get; init; }

    public required long MostStorageDelay { get; init; }

    public required long CallTimeout { get; init; }

    /// <summary>How likely a unary call loses its request, or its reply.</summary>
    public double CallLoss { get; init; }

    public double CallDuplication { get; init; }

    public double FrameDuplication { get; init; }

    /// <summary>How likely frames still arrive on a stream that is broken for their sender.</summary>
    public double FrameAfterBreak { get; init; }

    /// <summary>How likely a message takes far longer than others.</summary>
    public double Lag { get; init; }

    public double StorageRollBack { get; init; }

    public double StorageAmbiguity { get; init; }

    /// <summary>How likely a transaction is one that PostgreSQL refuses.</summary>
    public double Poison { get; init; }

    /// <summary>How likely a process crashes at a step of storage: before it, in it, or after it.</summary>
    public double CrashPoint { get; init; }

    /// <summary>How likely an owner crashes when it applies, so that its successor doesn't know what was applied.</summary>
    public double CrashAtApply { get; init; }

    /// <summary>For how long a clock drifts one way at most, within one bound, in microseconds.</summary>
    public long LongestDrift { get; init; } = 300_000;

    /// <summary>How likely a clock is stepped when its drift changes.</summary>
    public double ClockStep { get; init; }

    /// <summary>How likely a clock stands still when its drift changes.</summary>
    public double ClockFreeze { get; init; }

    /// <summary>How far beyond its bound a clock goes at most, in microseconds.</summary>
    public long ClockExcess { get; init; }

    // Mean times between faults, in microseconds; zero for never.
    public long BetweenStreamBreaks { get; init; }

    public long BetweenPartitions { get; init; }

    public long BetweenCoordinatorCrashes { get; init; }

    public long BetweenParticipantCrashes { get; init; }

    public long BetweenClientCrashes { get; init; }

    public long BetweenPauses { get; init; }

    public long BetweenOutages { get; init; }

    public long BetweenServerCrashes { get; init; }

    public long BetweenStalls { get; init; }

    public long BetweenClockFaults { get; init; }

    public long BetweenClockExcesses { get; init; }

    public bool IsCalm => Profile == Profile.Calm;

    public static Scenario FromSeed(ulong seed, Mutant? mutant = null, Profile? profile = null, Workload? workload = null)
    {
        SimRandom random = new(seed, stream: 0);
        Profile drawn = random.Next(12) switch
        {
            0 => Profile.Calm,
            1 => Profile.Network,
            2 => Profile.Crashes,
            3 => Profile.Storage,
            4 => Profile.Clocks,
            5 or 6 => Profile.Expiry,
            7 or 8 => Profile.Zombies,
            _ => Profile.Chaos,
        };
        Profile weather = profile ?? drawn;
        Workload work = random.Next(8) switch
        {
            0 or 1 => Workload.Bank,
            2 or 3 or 4 => Workload.Append,
            5 or 6 => Workload.Register,
            _ => Workload.Mixed,
        };
        bool isCalm = weather == Profile.Calm;
        bool hasZombies = weather == Profile.Zombies;
        bool hasNetwork = weather is Profile.Network or Profile.Chaos or Profile.Expiry or Profile.Zombies;
        bool hasCrashes = weather is Profile.Crashes or Profile.Chaos or Profile.Expiry or Profile.Zombies;
        bool hasStorage = weather is Profile.Storage or Profile.Chaos or Profile.Expiry;
        bool hasClocks = weather is Profile.Clocks or Profile.Chaos or Profile.Expiry or Profile.Zombies;
        bool sleeps = weather == Profile.Expiry;
        bool hasExcess = weather == Profile.BeyondBounds;

        bool isUncertain = hasZombies || (hasClocks && random.Chance(0.3));
        long mostUncertainty = isUncertain ? random.Between(20_000, 60_000) : random.Skewed(50, hasClocks ? 60_000 : 10_000);
        long maxOffset = Math.Max(1_000, (mostUncertainty * 2) + random.Skewed(1_000, 300_000));
        long lifetime = isCalm ? 20_000_000 : random.Skewed(1_000_000, sleeps ? 3_000_000 : 8_000_000);
        long lease = isCalm || sleeps ? 2_000_000 : random.Skewed(100_000, hasZombies ? 400_000 : 3_000_000) + (2 * mostUncertainty);
        long mostDelay = random.Skewed(200, isCalm || hasZombies ? 5_000 : 20_000);
        long mostStorageDelay = random.Skewed(200, isCalm || hasZombies ? 8_000 : 40_000);
        long voteTimeout = isCalm ? 5_000_000 : random.Skewed(30_000, 1_500_000);
        bool hasTinyLimits = !isCalm && !hasExcess && random.Chance(0.25);
        int services = (int)random.Between(1, 3);
        bool prunes = random.Chance(0.3);

        return new Scenario
        {
            Seed = seed,
            Profile = weather,
            Workload = workload ?? work,
            Mutant = mutant ?? Mutant.None,
            Coordinators = random.Chance(0.5) ? 2 : random.Chance(0.8) ? 3 : 4,
            Services = services,
            ShardsPerService = services == 1 ? (int)random.Between(2, 3) : (int)random.Between(1, 2),
            HostsPerShard = random.Chance(0.7) ? 2 : 3,
            Placement = random.Pick(Placements),
            Clients = (int)random.Between(2, 8),
            AccountsPerShard = (int)random.Skewed(2, 24),
            Duration = random.Between(1_500_000, 5_000_000),
            Sleep = sleeps ? 60_000_000 + (2 * lifetime) + 3_000_000 + maxOffset : 0,
            MostTransactions = 600,
            MostEventsInATurn = random.Chance(0.3) ? 1 : (int)random.Skewed(2, 256),
            LeastUncertainty = Math.Max(10, mostUncertainty / 20),
            MostUncertainty = mostUncertainty,
            LeastDelay = 50,
            MostDelay = mostDelay,
            LeastStorageDelay = 100,
            MostStorageDelay = mostStorageDelay,
            CallTimeout = isCalm ? 30_000_000 : random.Skewed(60_000, 800_000),
            Strays = hasZombies ? 0.3 + (0.6 * random.NextDouble()) : 0,
            LongestDrift = hasZombies ? random.Skewed(2_000, 30_000) : 300_000,
            TightDeadlines = isCalm || hasExcess || random.Chance(hasZombies ? 0 : isUncertain ? 0.2 : 0.7) ? 0 : random.NextDouble() * 0.5,
            StrangeDates = isCalm || hasExcess ? 0 : random.NextDouble() * 0.02,
            Carelessness = isCalm || hasExcess ? 0 : random.NextDouble() * 0.06,
            LeastTimeout = NodaTime.Duration.FromMilliseconds(isCalm ? 10_000 : 200),
            Limits = new ProtocolLimits(
                ClockMode.Bounded, Micro(maxOffset), Micro(lifetime), NodaTime.Duration.FromMinutes(1)),
            CoordinatorOptions = new CoordinatorOptions
            {
                VoteTimeout = Micro(voteTimeout),
                HeartbeatTimeout = Micro(isCalm ? 5_000_000 : random.Skewed(200_000, 2_000_000)),
                ResendInterval = Micro(random.Skewed(20_000, 400_000)),
                RecoveryInterval = Micro(random.Skewed(sleeps ? 400_000 : 50_000, sleeps ? 2_000_000 : 800_000)),
                PruneInterval = NodaTime.Duration.FromSeconds(1),
                RetryInterval = Micro(random.Skewed(1_000, 50_000)),
                MaxBatch = random.Chance(0.3) ? 1 : (int)random.Skewed(2, 256),
                MaxOpenTransactions = hasTinyLimits ? (int)random.Between(3, 20) : 100_000,
                MaxQueuedDecisions = hasTinyLimits ? (int)random.Between(2, 10) : 50_000,
            },
            ShardOptions = new ShardOptions
            {
                LeaseDuration = Micro(lease),
                RenewInterval = Micro(Math.Max(20_000, (long)(lease * ((sleeps ? 0.3 : 0.1) + ((sleeps ? 0.15 : 0.35) * random.NextDouble()))))),
                InDoubtInterval = Micro(random.Skewed(20_000, 300_000)),
                RetryInterval = Micro(random.Skewed(1_000, 50_000)),
                HistoryRetention = prunes ? NodaTime.Duration.FromMilliseconds(random.Between(1_000, 2_500)) : NodaTime.Duration.FromDays(7),
                PruneInterval = NodaTime.Duration.FromSeconds(1),
                MaxBatch = random.Chance(0.3) ? 1 : (int)random.Skewed(2, 256),
                MaxOpenTransactions = hasTinyLimits ? (int)random.Between(3, 20) : 50_000,
                MaxQueuedPersists = hasTinyLimits ? (int)random.Between(1, 8) : 50_000,
                MaxWaiting = hasTinyLimits ? (int)random.Between(3, 20) : 100_000,
            },
            CallLoss = hasNetwork ? random.NextDouble() * 0.03 : 0,
            CallDuplication = hasNetwork ? random.NextDouble() * 0.1 : 0,
            FrameDuplication = hasNetwork ? random.NextDouble() * 0.1 : 0,
            Lag = isCalm ? 0 : random.NextDouble() * 0.02,
            FrameAfterBreak = hasNetwork ? random.NextDouble() : 0,
            StorageRollBack = hasStorage ? random.NextDouble() * 0.05 : 0,
            StorageAmbiguity = hasStorage ? random.NextDouble() * 0.05 : 0,
            Poison = hasStorage ? random.NextDouble() * (random.Chance(0.2) ? 0.2 : 0.02) : 0,
            CrashPoint = hasCrashes ? random.NextDouble() * 0.003 : 0,
            CrashAtApply = hasZombies ? random.NextDouble() * 0.15 : 0,
            ClockStep = hasClocks ? random.NextDouble() * 0.4 : 0,
            ClockFreeze = hasClocks ? random.NextDouble() * 0.3 : 0,
            ClockExcess = hasExcess ? random.Skewed(1_000, 5_000_000) : 0,
            BetweenStreamBreaks = Between(random, hasNetwork, 100_000, 2_000_000),
            BetweenPartitions = Between(random, hasNetwork, 300_000, 3_000_000),
            BetweenCoordinatorCrashes = Between(random, hasCrashes, 300_000, 3_000_000),
            BetweenParticipantCrashes = Between(random, hasCrashes, 300_000, 3_000_000),
            BetweenClientCrashes = Between(random, hasCrashes, 500_000, 5_000_000),
            BetweenPauses = Between(random, hasCrashes, 300_000, 3_000_000),
            BetweenOutages = Between(random, hasStorage, 500_000, 4_000_000),
            BetweenServerCrashes = Between(random, hasStorage, 500_000, 4_000_000),
            BetweenStalls = Between(random, hasStorage, 400_000, 4_000_000),
            BetweenClockFaults = Between(random, hasClocks, 300_000, 3_000_000),
            BetweenClockExcesses = hasExcess ? 300_000 : 0,
            MostMetInAPart = hasTinyLimits || random.Chance(0.2) ? (int)random.Between(1, 6) : int.MaxValue,
        };
    }

    private static readonly Placement[] Placements = Enum.GetValues<Placement>();

    private static Duration Micro(long microseconds) => NodaTime.Duration.FromTicks(microseconds * 10);

    private static long Between(SimRandom random, bool isThere, long least, long most)
    {
        long drawn = random.Skewed(least, most);
        bool isLeftOut = random.Chance(0.2);
        return isThere && !isLeftOut ? drawn : 0;
    }
}
