using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.TestKit.Clocks;

namespace Transactions.Participant.Tests;

/// <summary>A shard's machine with a clock and tables, driven by hand: effects wait until a test answers them.</summary>
internal sealed class ShardRig
{
    private readonly ShardOptions _options;
    private readonly ProtocolLimits _limits;
    private readonly Mutation _mutation;
    private int _owners;

    public ShardRig(ShardOptions? options = null, ProtocolLimits? limits = null, Mutation mutation = Mutation.None)
    {
        _mutation = mutation;
        _options = options ?? new ShardOptions();
        _limits = limits ?? ProtocolLimits.Default;
        Machine = NewMachine();
    }

    public ManualClock Clock { get; } = new();

    public MemoryShardStore Store { get; } = new();

    public ShardMachine Machine { get; private set; }

    /// <summary>Effects that ask for an answer, oldest first.</summary>
    public List<ShardEffect> Unanswered { get; } = [];

    /// <summary>Everything that the machine wanted done, in order.</summary>
    public List<ShardEffect> Effects { get; } = [];

    public IEnumerable<T> Frames<T>()
        where T : ShardFrame => Effects.OfType<ShardEffect.Send>().Select(send => send.Frame).OfType<T>();

    public ShardAnswer? AnswerTo(long call) =>
        Effects.OfType<ShardEffect.Answer>().SingleOrDefault(answer => answer.Call.Value == call)?.Reply;

    /// <summary>Hands in an event and returns its effects.</summary>
    public IReadOnlyList<ShardEffect> Handle(ShardEvent e)
    {
        Machine.Handle(e, Clock.Read());
        IReadOnlyList<ShardEffect> effects = Machine.TakeEffects();
        Effects.AddRange(effects);
        Unanswered.AddRange(effects.Where(IsQuestion));
        return effects;
    }

    public IReadOnlyList<ShardEffect> Wait(Duration duration)
    {
        Clock.Advance(duration);
        return Handle(new ShardEvent.TimePassed());
    }

    /// <summary>Takes the shard over, after the lease has passed if there is one, and answers all that is asked meanwhile.</summary>
    public ShardRig Serve()
    {
        PassLease();
        while (Machine.Phase != OwnershipPhase.Serving)
        {
            Handle(new ShardEvent.TimePassed());
            AnswerAll();
            if (Machine.Phase != OwnershipPhase.Serving)
            {
                // What was still to be answered may be a new lease, or a failure after which the shard pauses.
                Clock.Advance(Duration.FromMilliseconds(1));
            }
        }

        // The first pruning.
        Handle(new ShardEvent.TimePassed());
        AnswerAll();

        return this;
    }

    /// <summary>The process dies; another one will own the shard.</summary>
    public ShardRig Restart()
    {
        Unanswered.Clear();
        Machine = NewMachine();
        return this;
    }

    /// <summary>The process dies; of what it had sent to PostgreSQL, <paramref name="arrives"/> says what is still done.</summary>
    public void Restart(Func<ShardEffect, bool> arrives)
    {
        foreach (ShardEffect sent in Unanswered.Where(arrives).ToList())
        {
            AnswerTo(sent);
        }

        Restart();
    }

    /// <summary>Another process takes the shard over; its lease ends after <paramref name="lease"/>.</summary>
    public void Usurp(Duration lease)
    {
        PassLease();
        Store.TakeOver(new ShardEffect.TakeOver(Store.Row.Generation, Store.Row.LeaseUntil, Clock.Read().Earliest.Plus(lease)), "usurper");
    }

    /// <summary>Answers the oldest question of a kind from the tables.</summary>
    public IReadOnlyList<ShardEffect> Answer<T>()
        where T : ShardEffect => Handle(AnswerTo(Take<T>()));

    /// <summary>Takes the oldest question of a kind, for the test to answer.</summary>
    public T Take<T>()
        where T : ShardEffect
    {
        T question = Unanswered.OfType<T>().First();
        Unanswered.Remove(question);
        return question;
    }

    public void AnswerAll()
    {
        while (Unanswered.Count > 0)
        {
            ShardEffect question = Unanswered[0];
            Unanswered.RemoveAt(0);
            Handle(AnswerTo(question));
        }
    }

    /// <summary>What the tables say.</summary>
    public ShardEvent AnswerTo(ShardEffect question) => question switch
    {
        ShardEffect.ReadVersions read => new ShardEvent.VersionsRead(read.Request, Store.Read(read.Query)),
        ShardEffect.ReadOutcome read => new ShardEvent.OutcomeRead(read.Request, true, Store.ReadOutcome(read.Id)),
        ShardEffect.Persist persist => new ShardEvent.Persisted(persist.Batch, Store.Persist(persist)),
        ShardEffect.Apply apply => new ShardEvent.Applied(apply.Batch, Store.Apply(apply)),
        ShardEffect.Reconcile reconcile => new ShardEvent.Reconciled(reconcile.Request, Store.Reconcile(reconcile)),
        ShardEffect.ReadShardRow => new ShardEvent.ShardRowRead(Store.Row),
        ShardEffect.TakeOver takeover => new ShardEvent.TakenOver(Store.TakeOver(takeover, $"owner{_owners}")),
        ShardEffect.Load => new ShardEvent.Loaded(Store.Load()),
        ShardEffect.Renew renew => new ShardEvent.Renewed(Store.Renew(renew)),
        ShardEffect.HandBack back => new ShardEvent.HandedBack(Store.HandBack(back)),
        ShardEffect.Prune prune => new ShardEvent.Pruned(Store.Prune(prune)),
        _ => throw new InvalidOperationException($"{question.GetType().Name} asks for no answer."),
    };

    private void PassLease()
    {
        if (Clock.Read().Earliest <= Store.Row.LeaseUntil)
        {
            Clock.Advance(Store.Row.LeaseUntil.Since(Clock.Read().Earliest) + Duration.FromMilliseconds(1));
        }
    }

    private static bool IsQuestion(ShardEffect effect) => effect
        is ShardEffect.ReadVersions or ShardEffect.ReadOutcome or ShardEffect.Persist or ShardEffect.Apply or ShardEffect.Reconcile
        or ShardEffect.ReadShardRow or ShardEffect.TakeOver or ShardEffect.Load or ShardEffect.Renew or ShardEffect.HandBack
        or ShardEffect.Prune;

    private ShardMachine NewMachine() => new(Name.Shard, $"owner{++_owners}", _limits, _options) { Mutation = _mutation };
}
