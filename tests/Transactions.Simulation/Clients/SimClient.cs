using System.Collections.Immutable;
using NodaTime;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>A client's process: runs workloads, sends heartbeats, and may die at any point.</summary>
internal sealed class SimClient : SimProcess
{
    // Older ones are applied everywhere, as a rule.
    private const int MostCommitted = 16;

    private readonly SimCluster _cluster;
    private readonly Dictionary<string, CoordinatorId> _known = [];
    private readonly Dictionary<ShardId, SimParticipant> _owners = [];
    private readonly Dictionary<TransactionId, SimTransaction> _open = [];
    private readonly Queue<SimTransaction> _committed = [];
    private int _workersAtWork;

    public SimClient(World world, SimCluster cluster, string name)
        : base(world, name) => _cluster = cluster;

    public SimCluster Cluster => _cluster;

    public SimNetwork Network => _cluster.Network;

    /// <summary>How a person would set it, but for fewer tries.</summary>
    public RetryPolicy Retries { get; } = new() { MaxAttempts = 8, MaxDelay = Duration.FromMilliseconds(200) };

    public bool IsQuiet => _workersAtWork == 0;

    public IEnumerable<string> OtherCoordinators(string home) =>
        _cluster.Coordinators.Select(c => c.Name).Where(name => name != home);

    public override string ToString() => $"{Name}: {_workersAtWork} at work, {_open.Count} open";

    /// <summary>Runs something as this client does, and sees that it comes to an end.</summary>
    public async void Work(Func<Task> work)
    {
        if (SynchronizationContext.Current is not SimContext)
        {
            throw new InvalidOperationException("Clients work inside their world only: else awaits go on elsewhere.");
        }

        _workersAtWork++;
        int life = Life;
        try
        {
            await work();
        }
        catch (Exception e)
        {
            World.Fail("client", e.ToString());
        }

        if (life == Life)
        {
            _workersAtWork--;
        }
    }

    /// <summary>Begins a transaction; null when no coordinator answers.</summary>
    public async Task<SimTransaction?> Begin(RetryAttempt attempt)
    {
        string home = Random.Pick(_cluster.Coordinators).Name;
        RecordedTransaction recorded = World.History.Invoke();
        TransactionContext? context = Random.Chance(0.1) ? await AskForContext(home, attempt) : await MakeContext(home, attempt);
        if (context is null)
        {
            World.History.Fail(recorded);
            return null;
        }

        World.Counters.Add(Path.Transactions);
        SimTransaction transaction = new(this, context, World.Observer.Begun(context), recorded)
        {
            HasStrangeDates = Math.Abs(context.Id.IssuedAt.Microseconds - World.Now) > 1_000_000
                || context.Deadline > context.Id.IssuedAt.Plus(World.Scenario.Limits.MaxLifetime),
        };
        _open.Add(context.Id, transaction);
        return transaction;
    }

    public void Close(SimTransaction transaction) => _open.Remove(transaction.Context.Id);

    /// <summary>Remembers a commit for a while, for what comes too late.</summary>
    public void RememberCommitted(SimTransaction transaction)
    {
        if (World.Scenario.Strays > 0)
        {
            _committed.Enqueue(transaction);
            if (_committed.Count > MostCommitted)
            {
                _committed.Dequeue();
            }
        }
    }

    /// <summary>X10: an owner that has just taken over hears of what was committed from strays, perhaps before it hears from its coordinator.</summary>
    public void OwnerServes(SimShard shard)
    {
        if (!IsUp || !World.IsStormy)
        {
            return;
        }

        foreach (SimTransaction transaction in _committed)
        {
            if (transaction.Context.Deadline > World.TrueTime
                && transaction.HasWrittenAt(shard.Id)
                && Random.Chance(World.Scenario.Strays))
            {
                _owners[shard.Id] = shard.Process;
                transaction.Stray(shard.Id);
            }
        }
    }

    /// <summary>Nothing more is done with it or heard of it.</summary>
    public void Abandon(SimTransaction transaction)
    {
        Close(transaction);
        if (transaction.Recorded.IsCommitSent)
        {
            World.History.Info(transaction.Recorded, transaction.Context.Id);
        }
        else
        {
            // Without a Commit, it never commits.
            World.History.Fail(transaction.Recorded);
        }
    }

    /// <summary>X1: what a coordinator's Hello says of this life of it; asked again after it was found wrong.</summary>
    public void ForgetCoordinator(string name) => _known.Remove(name);

    /// <summary>Calls a coordinator; null when no answer comes.</summary>
    public async Task<(CoordinatorAnswer? Answer, bool WasDoubled)> Call(string coordinator, Func<Coordinator.CallId, CoordinatorEvent> toEvent)
    {
        SimCoordinator process = _cluster.Coordinator(coordinator);
        return await Network.Call<CoordinatorAnswer>(this, process, reply => process.Call(toEvent, reply));
    }

    /// <summary>Calls whoever this client thinks owns a shard; null when no answer comes.</summary>
    public async Task<(ShardAnswer? Answer, bool WasDoubled)> Call(ShardId shard, Func<SimShard, Action<ShardAnswer>, Action> toShard)
    {
        SimParticipant process = OwnerOf(shard);
        (ShardAnswer? answer, bool wasDoubled) = await Network.Call<ShardAnswer>(this, process, reply => toShard(process.Find(shard)!, reply));
        if (answer is ShardAnswer.Refused { Refusal: { Reason: RefusalReason.NotOwner or RefusalReason.ShuttingDown } refusal })
        {
            LookElsewhere(shard, process, refusal.Redirect);
        }
        else if (answer is null && Random.Chance(0.5))
        {
            LookElsewhere(shard, process, null);
        }

        return (answer, wasDoubled);
    }

    /// <summary>The present, as this client's clock has it.</summary>
    public Timestamp Present() => Clock.Read().Now;

    protected override void OnStart()
    {
        _workersAtWork = 0;
        if (World.Observer.Opened != default)
        {
            BeginWork();
        }
    }

    /// <summary>Starts the workers, once the accounts are there.</summary>
    public void BeginWork()
    {
        int workers = 1 + Random.Next(3);
        for (int i = 0; i < workers; i++)
        {
            Work(() => new Worker(this).Run());
        }

        SendHeartbeats();
    }

    protected override void OnCrash()
    {
        World.Counters.Add(Path.ClientsVanished, _open.Count);
        foreach (SimTransaction transaction in _open.Values.ToList())
        {
            Abandon(transaction);
        }

        _known.Clear();
        _open.Clear();
        _committed.Clear();
        _workersAtWork = 0;
    }

    private async Task<TransactionContext?> MakeContext(string home, RetryAttempt attempt)
    {
        if (!_known.TryGetValue(home, out CoordinatorId coordinator))
        {
            SimCoordinator process = _cluster.Coordinator(home);
            (Box? hello, _) = await Network.Call<Box>(this, process, reply =>
            {
                reply(new Box(process.Id));
                return static () => { };
            });
            if (hello is null)
            {
                return null;
            }

            coordinator = hello.Value;
            _known[home] = coordinator;
        }

        byte[] chance = new byte[10];
        Random.Fill(chance);
        TransactionId id = TransactionId.Create(Present(), chance);
        return Random.Chance(World.Scenario.StrangeDates)
            ? MakeStrangeContext(chance, coordinator)
            : new TransactionContext(id, attempt.Priority, id.IssuedAt.Plus(Timeout()), coordinator, Name);
    }

    // X1: of a client whose clock is far off, or that asks for more time than anybody may have.
    private TransactionContext MakeStrangeContext(byte[] chance, CoordinatorId coordinator)
    {
        World.Counters.Add(Path.StrangeDates);
        ProtocolLimits limits = World.Scenario.Limits;
        Duration off = Duration.FromTicks(10 * Random.Skewed(1_000_000, 3_600_000_000));
        Timestamp present = Present();
        Timestamp date = Random.Next(3) switch
        {
            0 => present.Plus(limits.MaxOffset).Plus(off),
            1 => present.Minus(limits.MaxLifetime).Minus(off),
            _ => present,
        };
        TransactionId id = TransactionId.Create(date, chance);
        Timestamp deadline = date == present ? date.Plus(limits.MaxLifetime).Plus(off) : date.Plus(Timeout());
        return new TransactionContext(id, id.IssuedAt, deadline, coordinator, Name);
    }

    private async Task<TransactionContext?> AskForContext(string home, RetryAttempt attempt)
    {
        byte[] chance = new byte[10];
        Random.Fill(chance);
        ImmutableArray<byte> given = [.. chance];
        Duration timeout = Timeout();
        (CoordinatorAnswer? answer, _) =
            await Call(home, call => new CoordinatorEvent.Begin(call, Name, given, timeout, attempt.Priority));
        return (answer as CoordinatorAnswer.Begun)?.Context;
    }

    private Duration Timeout()
    {
        long least = World.Scenario.LeastTimeout.BclCompatibleTicks / 10;
        long most = World.Scenario.Limits.MaxLifetime.BclCompatibleTicks / 10;
        if (World.IsStormy && Random.Chance(World.Scenario.TightDeadlines))
        {
            // X5: so soon that operations, Enlists, Commits and their copies come just before it and just after.
            return Duration.FromTicks(10 * (Random.Chance(0.5)
                ? 1_000 + Random.Between(0, 4 * World.Scenario.MostUncertainty)
                : Random.Skewed(2_000, least)));
        }

        return Duration.FromTicks(Random.Between(least, most) * 10);
    }

    private SimParticipant OwnerOf(ShardId shard)
    {
        if (!_owners.TryGetValue(shard, out SimParticipant? owner))
        {
            owner = Random.Pick(_cluster.HostsOf(shard));
            _owners[shard] = owner;
        }

        return owner;
    }

    private void LookElsewhere(ShardId shard, SimParticipant wrong, string? redirect)
    {
        if (_owners.TryGetValue(shard, out SimParticipant? known) && known == wrong)
        {
            IReadOnlyList<SimParticipant> hosts = _cluster.HostsOf(shard);
            _owners[shard] = hosts.FirstOrDefault(h => h.Name == redirect)
                ?? Random.Pick([.. hosts.Where(h => h != wrong)]);
        }
    }

    // Section 7: all that run, at their home coordinators.
    private void SendHeartbeats()
    {
        long interval = World.Scenario.CoordinatorOptions.HeartbeatTimeout.BclCompatibleTicks / 10 / 4;
        After(interval, () =>
        {
            foreach (SimCoordinator coordinator in _cluster.Coordinators)
            {
                ImmutableArray<TransactionId> ids =
                    [.. _open.Values.Where(t => t.Context.Coordinator.Name == coordinator.Name).Select(t => t.Context.Id)];
                if (!ids.IsEmpty)
                {
                    Heartbeat(coordinator.Name, ids);
                }
            }

            SendHeartbeats();
        });
    }

    private async void Heartbeat(string coordinator, ImmutableArray<TransactionId> ids)
    {
        World.Counters.Add(Path.Heartbeats);
        (CoordinatorAnswer? answer, _) = await Call(coordinator, call => new CoordinatorEvent.Heartbeat(call, Name, ids));
        if (answer is CoordinatorAnswer.HeartbeatSeen seen)
        {
            foreach ((TransactionId id, AbortReason reason) in seen.Lost)
            {
                if (_open.TryGetValue(id, out SimTransaction? lost))
                {
                    lost.Ledger.Condemn($"It was aborted: {reason}.", reason.MayRetry());
                }
            }
        }
    }

    private sealed record Box(CoordinatorId Value);
}
