using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>What the parts of one shard's machine share: its identity, the present event's clock reading, and the effects.</summary>
internal sealed class ShardCore(ShardId id, ProtocolLimits limits, ShardOptions options)
{
    private readonly HashSet<CallId> _waitingCalls = [];
    private List<ShardEffect> _effects = [];
    private long _requests;

    public ShardId Id { get; } = id;

    public ProtocolLimits Limits { get; } = limits;

    public ShardOptions Options { get; } = options;

    /// <summary>The reading that came with the event being handled (T4).</summary>
    public ClockReading Clock { get; set; }

    /// <summary>T2: above every timestamp that this shard gave or saw.</summary>
    public TimestampSequence Sequence { get; } = new();

    public Mutation Mutation { get; set; }

    /// <summary>How many calls wait for an answer.</summary>
    public int WaitingCalls => _waitingCalls.Count;

    /// <summary>How many reads PostgreSQL has yet to answer, those included whose client went away: they are held until it does.</summary>
    public int ReadsUnderWay { get; set; }

    public long NowMicroseconds => Clock.MonotonicMicroseconds;

    public long NextRequest() => ++_requests;

    public void Emit(ShardEffect effect) => _effects.Add(effect);

    public void Notify(ShardNotice notice) => Emit(new ShardEffect.Notify(notice));

    public List<ShardEffect> TakeEffects()
    {
        List<ShardEffect> taken = _effects;
        _effects = [];
        return taken;
    }

    public void ExpectAnswer(CallId call) => _waitingCalls.Add(call);

    public bool IsWaiting(CallId call) => _waitingCalls.Contains(call);

    public void Cancel(CallId call) => _waitingCalls.Remove(call);

    /// <summary>Answers a call, unless its client went away.</summary>
    public void Answer(CallId call, ShardAnswer answer)
    {
        if (_waitingCalls.Remove(call))
        {
            Emit(new ShardEffect.Answer(call, answer));
        }
    }

    /// <summary>Refuses whoever still waits.</summary>
    public void RefuseAllCalls(Refusal refusal)
    {
        foreach (CallId call in _waitingCalls.ToList())
        {
            Refuse(call, refusal);
        }
    }

    public void Refuse(CallId call, Refusal refusal) => Answer(call, new ShardAnswer.Refused(refusal));

    /// <summary>Why one more call, counted already, can't wait; null when it can.</summary>
    public Refusal? FindWaitingRefusal() => WaitingCalls <= Options.MaxWaiting && ReadsUnderWay < Options.MaxWaiting
        ? null
        : Refusal.Busy("waiting", $"Shard {Id} has {Options.MaxWaiting} calls waiting, which is the limit (MaxWaiting)");

    /// <summary>T2: whether a peer's timestamp may be adopted. A decided commit timestamp waits until it may.</summary>
    public bool MayAdopt(Timestamp timestamp) => Clock.IsHealthy && Clock.Interval.Accepts(timestamp, Limits.MaxOffset);
}
