using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Turns;

// What every part of the machine has at hand while it handles one event: who and when it is, and where effects go.
internal sealed class Workspace(CoordinatorId self, ProtocolLimits limits, CoordinatorOptions options)
{
    // Of the time between repeats: up to sixteen times as long as the first.
    private const int MostDoublings = 4;

    private List<CoordinatorEffect> _effects = [];

    public CoordinatorId Self { get; } = self;

    public ProtocolLimits Limits { get; } = limits;

    public CoordinatorOptions Options { get; } = options;

    public Mutation Mutation { get; set; }

    public bool IsStopping { get; set; }

    // The reading that came with the event (T4).
    public ClockReading Clock { get; set; }

    public TimestampSequence Sequence { get; } = new();

    // D5: the greatest low-water mark that the log ever showed.
    public Timestamp Mark { get; private set; }

    // Intervals are measured on a clock that no correction of the time moves.
    public long Microseconds => Clock.MonotonicMicroseconds;

    public void Emit(CoordinatorEffect effect) => _effects.Add(effect);

    public void Notify(CoordinatorNotice notice) => Emit(new CoordinatorEffect.Notify(notice));

    public IReadOnlyList<CoordinatorEffect> TakeEffects()
    {
        List<CoordinatorEffect> taken = _effects;
        _effects = [];
        return taken;
    }

    public long After(Duration duration) => Microseconds + ToMicroseconds(duration);

    // Whoever hasn't answered may have too much to do already.
    public long AfterRepeats(int repeats) => After(Options.ResendInterval * (1 << Math.Min(repeats, MostDoublings)));

    public static long ToMicroseconds(Duration duration) => duration.ToInt64Nanoseconds() / 1_000;

    // X9: certainly past on every healthy clock. Unhealthy, nothing is past: it never guesses (T3).
    public bool HasPassed(Timestamp timestamp) =>
        Mutation == Mutation.NoCommitWait || (Clock.IsHealthy && Clock.Earliest > timestamp);

    // X5: perhaps past, which is enough to refuse.
    public bool MayHavePassed(Timestamp deadline) => Clock.IsHealthy && Clock.Latest > deadline;

    // X5: certainly past on every clock, which alone is enough to forget.
    public bool MayForget(Timestamp forgetAfter) => Clock.IsHealthy
        && (Clock.Earliest > forgetAfter
            || (Mutation == Mutation.ForgetEndedEarly && Clock.Latest.Plus(Limits.MaxOffset) > forgetAfter));

    public void SeeMark(Timestamp mark) => Mark = Timestamp.Max(Mark, mark);

    // X1: whether a context belongs to this life of this coordinator.
    public bool IsHome(CoordinatorId home) =>
        home.Name == Self.Name && (home.Incarnation == Self.Incarnation || Mutation == Mutation.IgnoreIncarnation);
}
