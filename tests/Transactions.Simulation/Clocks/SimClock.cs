using Transactions.Clocks;

namespace Transactions.Simulation;

/// <summary>
/// A machine's clock: off by some offset that drifts, steps and stands still, with an interval that contains true time whenever it
/// is healthy; unless a run lets it leave its bound.
/// </summary>
internal sealed class SimClock
{
    private static readonly ClockHealth Sick =
        ClockHealth.Unhealthy(ClockUnhealthyReason.Unsynchronised, "The simulation made the clock unhealthy.");

    private readonly World _world;
    private readonly SimRandom _random;
    private readonly long _monotonicStart;
    private readonly long _partsPerMillion;
    private long _from;
    private long _until;
    private long _offsetFrom;
    private long _offsetTo;
    private long _bound;
    private long _unhealthyUntil;
    private long _excess;
    private long _excessUntil;

    public SimClock(World world, SimRandom random)
    {
        (_world, _random) = (world, random);
        _monotonicStart = random.Between(0, 1_000_000_000);
        _partsPerMillion = random.Between(-200, 200);
        _bound = world.Scenario.MostUncertainty;
        _offsetTo = random.Between(-_bound, _bound);
        Turn();
    }

    public void FailFor(long microseconds) => _unhealthyUntil = Math.Max(_unhealthyUntil, _world.Now + microseconds);

    /// <summary>For so long it is off by more than its bound, and doesn't know.</summary>
    public void LeaveBoundFor(long microseconds, long excess) => (_excess, _excessUntil) = (excess, _world.Now + microseconds);

    /// <summary>Within its bound again, and healthy.</summary>
    public void ComeBack() => (_unhealthyUntil, _excessUntil) = (0, 0);

    public ClockReading Read()
    {
        long now = _world.Now;
        if (now >= _until)
        {
            Turn();
        }

        long offset = _offsetFrom + ((_offsetTo - _offsetFrom) * (now - _from) / (_until - _from));
        if (now < _excessUntil)
        {
            offset += _excess + (_bound * Math.Sign(_excess));
        }

        Timestamp reading = Timestamp.FromMicroseconds(now + offset);
        long elapsed = now - World.Start;
        long monotonic = _monotonicStart + elapsed + (elapsed * _partsPerMillion / 1_000_000);
        if (now < _unhealthyUntil)
        {
            return ClockReading.Unhealthy(reading, Sick, monotonic);
        }

        ClockInterval interval = new(
            Timestamp.FromMicroseconds(now + offset - _bound), Timestamp.FromMicroseconds(now + offset + _bound));
        return ClockReading.Healthy(reading, interval, monotonic);
    }

    // A new stretch of drift: the offset and where it goes lie within the new bound; sometimes the clock is stepped there, or
    // stands still for as long as its bound allows.
    private void Turn()
    {
        _from = _world.Now;
        _until = _from + _random.Between(Math.Min(5_000, _world.Scenario.LongestDrift / 2), _world.Scenario.LongestDrift);
        _bound = Math.Max(1, _random.Skewed(_world.Scenario.LeastUncertainty, _world.Scenario.MostUncertainty));
        if (_random.Chance(_world.Scenario.ClockFreeze) && _bound >= 1_000)
        {
            Count(Fault.ClockFreeze);
            (_offsetFrom, _offsetTo) = (_bound, -_bound);
            _until = _from + (2 * _bound);
            return;
        }

        bool isStepped = _random.Chance(_world.Scenario.ClockStep);
        if (isStepped)
        {
            Count(Fault.ClockStep);
        }

        _offsetFrom = isStepped ? _random.Between(-_bound, _bound) : Math.Clamp(_offsetTo, -_bound, _bound);

        // Clocks at the ends of their bounds find more than clocks in the middle.
        _offsetTo = _random.Next(4) switch
        {
            0 => -_bound,
            1 => _bound,
            2 => _offsetFrom,
            _ => _random.Between(-_bound, _bound),
        };
    }

    private void Count(Fault fault)
    {
        if (_world.IsStormy)
        {
            _world.Counters.Add(fault);
        }
    }
}
