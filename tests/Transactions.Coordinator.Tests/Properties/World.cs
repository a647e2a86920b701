using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Properties;

/// <summary>
/// One coordinator, three shards, a decision log, and another coordinator that now and then ends transactions; whatever is
/// on its way comes late, twice, in any order, or not at all. Everything that is told is checked against all else.
/// </summary>
public sealed class World
{
    private readonly IReadOnlyList<byte> _tape;
    private readonly MachineHarness _harness;
    private readonly ShardModel[] _shards = [.. Enumerable.Range(0, 3).Select(i => new ShardModel(ShardId.Parse($"s/{i}")))];
    private readonly LogModel _log = new();
    private readonly List<Work> _transactions = [];
    private readonly List<(ShardId Shard, CoordinatorFrame Frame)> _toShards = [];
    private readonly List<ShardFrame> _toCoordinator = [];
    private readonly Queue<CoordinatorEffect> _logWork = new();
    private readonly HashSet<CallId> _unanswered = [];
    private readonly Dictionary<TransactionId, Outcome> _told = [];
    private Timestamp _certainlyPast;
    private int _position;
    private long _links;

    public World(IReadOnlyList<byte> tape)
        : this(tape, Mutation.None)
    {
    }

    internal World(IReadOnlyList<byte> tape, Mutation mutation)
    {
        _tape = tape;
        _harness = new(new() { RecoveryInterval = Duration.FromSeconds(3) }, mutation);
    }

    private sealed record Work(TransactionContext Context, CommitShard[] Shards, IdempotencyKey? Key)
    {
        // What Resolve and other coordinators may end through the log (D4).
        public bool HasRecord => Key is not null || (Shards.Length > 1 && Shards.Any(s => s.Wrote));
    }

    /// <summary>Every shape of commit that was told, for a test that the schedules reach them.</summary>
    public int Commits => _told.Values.Count(o => o.IsCommitted);

    public int Aborts => _told.Values.Count(o => !o.IsCommitted);

    /// <summary>Plays the tape, then heals everything and sees all of it end.</summary>
    public void Play()
    {
        Array.ForEach(_shards, Connect);
        while (_position < _tape.Count)
        {
            Step(Next() % 17);
        }

        Heal();
    }

    private void Step(int choice)
    {
        switch (choice)
        {
            case 0 or 1:
                Begin();
                break;
            case 2:
                Again(work => new CoordinatorEvent.Commit(NewCall(), work.Context, [.. work.Shards], work.Key, null));
                break;
            case 3:
                Again(work => new CoordinatorEvent.Resolve(NewCall(), work.Context, [.. work.Shards], work.Key));
                break;
            case 4 or 5:
                ReachShard();
                break;
            case 6 or 7:
                ReachCoordinator();
                break;
            case 8 or 9:
                AnswerLog(Next());
                break;
            case 10:
                Pass(Duration.FromMilliseconds(1 << (Next() % 12)));
                break;
            case 11:
                Again(EndElsewhere);
                break;
            case 12:
                Reconnect(_shards[Next() % _shards.Length]);
                break;
            case 13:
                Again(work => new CoordinatorEvent.Abort(NewCall(), work.Context));
                break;
            case 14:
                AskInDoubt();
                break;
            case 15:
                _harness.IsHealthy = !_harness.IsHealthy;
                break;
            default:
                Again(work => new CoordinatorEvent.FrameReceived(new(1), new ShardFrame.Enlist(
                    work.Context.Id, work.Shards.Length > 0 ? work.Shards[0].Owner : _shards[0].Owner, work.Context)));
                break;
        }
    }

    private void Begin()
    {
        int shape = Next();
        CommitShard[] shards = [.. _shards.Where((_, i) => (shape >> i & 1) == 1)
            .Select((s, i) => new CommitShard(s.Owner, (shape >> (3 + i) & 1) == 1, 1))];
        IdempotencyKey? key = shape >> 6 == 3 ? new IdempotencyKey("alice", $"k{shape & 1}") : null;
        Work work = new(_harness.NewTransaction(Duration.FromSeconds(10)), shards, key);
        _transactions.Add(work);
        Handle(new CoordinatorEvent.Commit(NewCall(), work.Context, [.. work.Shards], work.Key, null));
    }

    private void Again(Func<Work, CoordinatorEvent?> make)
    {
        if (_transactions.Count > 0 && make(_transactions[Next() % _transactions.Count]) is { } e)
        {
            Handle(e);
        }
    }

    // Another coordinator was asked to resolve it (D4), or by a shard in doubt (D3).
    private CoordinatorEvent? EndElsewhere(Work work)
    {
        if (work.HasRecord)
        {
            _log.Insert(Decision.Abort(work.Context.Id, AbortReason.Resolved));
        }

        return null;
    }

    private void ReachShard()
    {
        if (_toShards.Count > 0)
        {
            (ShardId shard, CoordinatorFrame frame) = Take(_toShards);
            ShardModel model = _shards.Single(s => s.Id == shard);
            if (model.Receive(frame, _harness.Now, Next()) is { } reply)
            {
                _toCoordinator.Add(reply);
            }
        }
    }

    private void ReachCoordinator()
    {
        if (_toCoordinator.Count > 0)
        {
            Handle(new CoordinatorEvent.FrameReceived(new(1), Take(_toCoordinator)));
        }
    }

    // Any of them, and a quarter of the time it stays, to come again.
    private T Take<T>(List<T> list)
    {
        int chance = Next();
        T item = list[chance % list.Count];
        if (chance < 192)
        {
            list.Remove(item);
        }

        return item;
    }

    private void AnswerLog(int chance)
    {
        if (_logWork.TryDequeue(out CoordinatorEffect? effect))
        {
            Handle(_log.Answer(effect, chance));
        }
    }

    private void AskInDoubt()
    {
        foreach (ShardModel shard in _shards)
        {
            foreach (TransactionId id in shard.InDoubt)
            {
                _toCoordinator.Add(new ShardFrame.InDoubt(id, shard.Owner, MachineHarness.Self));
            }
        }
    }

    private void Reconnect(ShardModel shard)
    {
        int chance = Next();
        Handle(new CoordinatorEvent.LinkLost(new(_links)));
        if (chance % 4 == 0)
        {
            shard.TakeOver();
        }

        Connect(shard);
    }

    private void Connect(ShardModel shard) =>
        Handle(new CoordinatorEvent.ShardConnected(new(++_links), shard.Owner, "http://localhost"));

    private void Pass(Duration time)
    {
        _harness.Now = _harness.Now.Plus(time);
        Handle(new CoordinatorEvent.TimePassed());
    }

    // From here on everything works: whatever was begun ends (invariant 8).
    private void Heal()
    {
        _harness.IsHealthy = true;
        for (int round = 0; round < 40; round++)
        {
            Array.ForEach(_shards, Connect);
            AskInDoubt();
            for (int i = 0; i < 2_000 && (_toShards.Count > 0 || _toCoordinator.Count > 0 || _logWork.Count > 0); i++)
            {
                ReachShard();
                ReachCoordinator();
                AnswerLog(chance: 0);
            }

            Pass(Duration.FromSeconds(1));
        }

        Assert.Equal(0, _harness.Machine.OpenTransactions);
        Assert.Equal(0, _harness.Machine.UndeliveredOutcomes);
        Assert.Empty(_unanswered);
        Assert.Empty(_log.Unapplied());
        Assert.All(_shards, shard => Assert.Empty(shard.InDoubt));
        Assert.All(_transactions, CheckAgainstLog);
        Assert.All(_transactions, CheckAgainstShards);
    }

    private void CheckAgainstLog(Work work)
    {
        if (_told.TryGetValue(work.Context.Id, out Outcome told) && _log.Find(work.Context.Id) is { } row && work.HasRecord)
        {
            Assert.Equal(row.Outcome.Kind, told.Kind);
        }
    }

    // Invariant 2: at every shard that it wrote at, a transaction ended as its client was told.
    private void CheckAgainstShards(Work work)
    {
        foreach (ShardModel shard in _shards.Where(s => work.Shards.Any(w => w.Wrote && w.Owner.Shard == s.Id)))
        {
            if (_told.TryGetValue(work.Context.Id, out Outcome told) && shard.EndOf(work.Context.Id) is { } end)
            {
                Assert.Equal(told.Kind, end.Kind);
                Assert.Equal(told.CommitTimestamp, end.CommitTimestamp);
            }
        }
    }

    private void Handle(CoordinatorEvent e)
    {
        if (_harness.IsHealthy)
        {
            _certainlyPast = Timestamp.Max(_certainlyPast, _harness.Reading.Earliest);
        }

        foreach (CoordinatorEffect effect in _harness.Handle(e))
        {
            switch (effect)
            {
                case CoordinatorEffect.Answer answer:
                    Assert.True(_unanswered.Remove(answer.Call), "a call is answered once");
                    if (answer.Reply is CoordinatorAnswer.Ended ended)
                    {
                        Told(ended.Id, ended.Outcome);
                    }

                    break;
                case CoordinatorEffect.Send send:
                    if (send.Frame is CoordinatorFrame.Ended told && IsNamed(told.Id, send.Shard))
                    {
                        Told(told.Id, told.Outcome);
                    }

                    if (!IsAnswerToStranger(send))
                    {
                        _toShards.Add((send.Shard, send.Frame));
                    }

                    break;
                case CoordinatorEffect.Record or CoordinatorEffect.Read or CoordinatorEffect.MarkApplied
                    or CoordinatorEffect.FindUnapplied:
                    _logWork.Enqueue(effect);
                    break;
            }
        }
    }

    private bool IsNamed(TransactionId id, ShardId shard) =>
        _transactions.Exists(w => w.Context.Id == id && w.Shards.Any(s => s.Owner.Shard == shard));

    private bool IsAnswerToStranger(CoordinatorEffect.Send send) => !IsNamed(send.Frame.Id, send.Shard);

    private void Told(TransactionId id, Outcome outcome)
    {
        if (_told.TryGetValue(id, out Outcome before))
        {
            // Invariant 1: no transaction ever has two outcomes, in any answer.
            Assert.Equal(before.Kind, outcome.Kind);
            Assert.Equal(before.CommitTimestamp, outcome.CommitTimestamp);
            return;
        }

        _told[id] = outcome;
        Work work = _transactions.Single(w => w.Context.Id == id);
        if (outcome.IsCommitted)
        {
            // X9, invariant 5: nobody is told before a healthy reading, this one or an earlier one, said that it is past.
            Assert.True(_certainlyPast > outcome.CommitTimestamp, "X9: told too early");
        }

        if (work.HasRecord)
        {
            // D1, D2: a commit is told only when the register holds it, an abort only when it never will.
            Decision? row = _log.Find(id);
            Assert.Equal(outcome.IsCommitted, row is { Outcome.IsCommitted: true });
        }
    }

    private CallId NewCall()
    {
        CallId call = _harness.NextCall();
        _unanswered.Add(call);
        return call;
    }

    private byte Next() => _position < _tape.Count ? _tape[_position++] : (byte)(_position++ * 37);
}
