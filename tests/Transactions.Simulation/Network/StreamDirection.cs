namespace Transactions.Simulation;

/// <summary>One direction of a stream: frames arrive in the order in which they were sent, or not at all.</summary>
internal sealed class StreamDirection(World world, SimNetwork network, SimProcess from, SimProcess to, Action breakStream)
{
    private readonly Queue<Action> _inFlight = new();
    private readonly int _receiverLife = to.Life;
    private long _nextAt;
    private long _givenUpAt;
    private bool _isBroken;
    private bool _isClosed;

    /// <summary>Whether whoever received at first still lives.</summary>
    public bool IsReceiverThere => to.IsUp && to.Life == _receiverLife;

    public void Send(Action arrive, bool mayDouble = false)
    {
        if (_isBroken)
        {
            return;
        }

        _nextAt = Math.Max(world.Now + network.Delay(), _nextAt);
        _inFlight.Enqueue(arrive);
        world.After(_nextAt - world.Now, DeliverNext);
        if (mayDouble && network.DoublesAFrame())
        {
            // Section 7: every message may come twice, late, or out of order. A copy may outlive its stream, not its reader.
            world.Counters.Add(Fault.DoubledFrame);
            world.After(_nextAt - world.Now + network.Echo(), () =>
            {
                if (IsReceiverThere)
                {
                    arrive();
                }
            });
        }
    }

    /// <summary>The stream broke: what is in flight is lost, or arrives until the receiver has heard of it.</summary>
    public void Break(bool deliversInFlight)
    {
        _isBroken = true;
        if (!deliversInFlight)
        {
            world.Counters.Add(Path.LostFrames, _inFlight.Count);
            _inFlight.Clear();
        }
    }

    /// <summary>The receiver has heard that the stream is broken: nothing more arrives.</summary>
    public void Close()
    {
        world.Counters.Add(Path.LostFrames, _inFlight.Count);
        _inFlight.Clear();
        _isClosed = true;
    }

    private void DeliverNext()
    {
        if (_isClosed || _inFlight.Count == 0)
        {
            return;
        }

        if (!IsReceiverThere)
        {
            // Nobody there: the connection is reset.
            breakStream();
            return;
        }

        long left = network.Partitions.Left(from.Name, to.Name);
        if (left > 0)
        {
            WaitUntilHealed(left);
            return;
        }

        if (_isBroken)
        {
            world.Counters.Add(Fault.FrameAfterBreak);
        }

        _givenUpAt = 0;
        _inFlight.Dequeue()();
    }

    // Held back by a partition; if that lasts, somebody gives the stream up.
    private void WaitUntilHealed(long left)
    {
        if (_givenUpAt == 0)
        {
            _givenUpAt = world.Now + network.KeepAlive();
        }

        if (world.Now + left < _givenUpAt)
        {
            world.After(left, DeliverNext);
        }
        else
        {
            world.After(Math.Max(0, _givenUpAt - world.Now), () =>
            {
                if (network.Partitions.IsCut(from.Name, to.Name))
                {
                    breakStream();
                }
                else
                {
                    DeliverNext();
                }
            });
        }
    }
}
