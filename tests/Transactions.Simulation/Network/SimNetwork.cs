namespace Transactions.Simulation;

/// <summary>Carries unary calls between processes, and says how long messages take and which are lost or doubled.</summary>
internal sealed class SimNetwork(World world)
{
    private readonly SimRandom _random = world.Random.Fork();

    public Partitions Partitions { get; } = new(world);

    public bool DoublesAFrame() => world.IsStormy && _random.Chance(world.Scenario.FrameDuplication);

    /// <summary>How long one message takes.</summary>
    public long Delay()
    {
        Scenario scenario = world.Scenario;
        long delay = _random.Skewed(scenario.LeastDelay, scenario.MostDelay);
        if (!world.IsStormy || !_random.Chance(scenario.Lag))
        {
            return delay;
        }

        world.Counters.Add(Fault.LateMessage);
        return delay + _random.Skewed(scenario.MostDelay, 500_000);
    }

    /// <summary>How long after the first a second copy of a message comes; in runs that sleep, perhaps long after all was forgotten (D5).</summary>
    public long Echo() => _random.Skewed(10, 2_000_000) + (_random.Chance(0.1) ? world.Scenario.Sleep : 0);

    /// <summary>Whether what is on its way in one direction still arrives after its stream broke.</summary>
    public bool DeliversAfterBreak() => world.IsStormy && _random.Chance(world.Scenario.FrameAfterBreak);

    /// <summary>How long a silent stream is kept before it is given up.</summary>
    public long KeepAlive() => _random.Skewed(50_000, 1_500_000);

    /// <summary>Calls a process and waits for its answer, or for the loss of it.</summary>
    /// <param name="from">The caller: an answer to an earlier life of it comes to nobody.</param>
    /// <param name="to">The process called.</param>
    /// <param name="deliver">Hands the request to the process that is up, with what takes its reply; gives back what cancels it.</param>
    /// <returns>The answer, and whether the request was doubled on its way; no answer where that was lost.</returns>
    public Task<(T? Reply, bool WasDoubled)> Call<T>(SimProcess from, SimProcess to, Func<Action<T>, Action> deliver)
        where T : class
    {
        TaskCompletionSource<(T?, bool)> done = new();
        Scenario scenario = world.Scenario;
        Action? cancel = null;
        int callerLife = from.Life;
        bool isDoubled = world.IsStormy && _random.Chance(scenario.CallDuplication);
        if (!IsLost(Fault.LostRequest))
        {
            Carry(from.Name, to.Name, Fault.LostRequest, () => Arrive(isCopy: false));
        }

        if (isDoubled)
        {
            world.Counters.Add(Fault.DoubledCall);
            world.After(Delay() + Echo(), () => Arrive(isCopy: true));
        }

        from.After(scenario.CallTimeout, () =>
        {
            if (done.TrySetResult((null, isDoubled)))
            {
                world.Counters.Add(Path.LostCalls);
                if (_random.Chance(0.7))
                {
                    world.After(Delay(), () => cancel?.Invoke());
                }
            }
        });
        return done.Task;

        void Arrive(bool isCopy)
        {
            if (!to.IsUp)
            {
                // Refused at once by the machine, or noticed by nobody until the time is over.
                if (!isCopy && _random.Chance(0.5))
                {
                    Return(null);
                }

                return;
            }

            int life = to.Life;
            Action cancelHere = deliver(reply =>
            {
                if (!isCopy && !IsLost(Fault.LostReply))
                {
                    Return(reply);
                }
            });
            if (!isCopy)
            {
                cancel = () =>
                {
                    if (to.IsUp && to.Life == life)
                    {
                        cancelHere();
                    }
                };
            }
        }

        void Return(T? reply) => Carry(to.Name, from.Name, Fault.LostReply, () =>
        {
            // What a caller's earlier life had asked, nobody waits for any more.
            if (from.IsUp && from.Life == callerLife)
            {
                done.TrySetResult((reply, isDoubled));
            }
        });
    }

    private bool IsLost(Fault fault)
    {
        if (!world.IsStormy || !_random.Chance(world.Scenario.CallLoss))
        {
            return false;
        }

        world.Counters.Add(fault);
        return true;
    }

    // Where the way is cut when it arrives, it is lost, or sent again by those below and there when the way is free.
    private void Carry(string from, string to, Fault loss, Action arrive) => world.After(Delay(), () =>
    {
        long left = Partitions.Left(from, to);
        if (left == 0)
        {
            arrive();
        }
        else if (_random.Chance(0.5))
        {
            world.After(left + Delay(), arrive);
        }
        else
        {
            world.Counters.Add(loss);
        }
    });
}
