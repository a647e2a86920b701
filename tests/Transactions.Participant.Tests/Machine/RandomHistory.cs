using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>
/// Drives a shard through one random history: clients, a coordinator that keeps the protocol, PostgreSQL that fails and
/// answers late, deaths, and a second owner. Everything that may come twice does.
/// </summary>
internal sealed class RandomHistory
{
    private const int Clients = 4;

    private static readonly string[] Keys = ["a", "b", "c", "d", "e", "f"];

    private readonly ShardRig _rig;
    private readonly RandomTransaction?[] _running = new RandomTransaction?[Clients];
    private readonly List<RandomTransaction> _all = [];
    private readonly HistoryCheck _check = new();
    private long _calls;
    private int _seen;
    private int _writes;

    public RandomHistory(Mutation mutation = Mutation.None)
    {
        ShardOptions options = new()
        {
            LeaseDuration = Duration.FromMilliseconds(200),
            RenewInterval = Duration.FromMilliseconds(20),
            RetryInterval = Duration.FromMilliseconds(5),
            InDoubtInterval = Duration.FromMilliseconds(20),
            PruneInterval = Duration.FromSeconds(1),
            MaxBatch = 3,
        };
        _rig = new ShardRig(options, mutation: mutation).Serve();
        Look();
    }

    /// <summary>How many transactions committed; a test that commits nothing tests nothing.</summary>
    public int Committed => _all.Count(transaction => transaction.Decided is { IsCommitted: true });

    public void Do(int kind, int who, int what, int extra)
    {
        RandomTransaction transaction = Running(who % Clients);
        switch (kind)
        {
            case < 250:
                Operate(transaction, what, extra);
                break;
            case < 290:
                Repeat(transaction, extra);
                break;
            case < 440:
                Finish(transaction, giveUp: what % 8 == 0);
                break;

            // Waits out whatever lease there is.
            case < 560 when _rig.Machine.Phase != OwnershipPhase.Serving && what % 4 == 0:
                _rig.Serve();
                break;
            case < 560:
                Decide(transaction, what);
                break;
            case < 580:
                Decide(_all[what % _all.Count], extra);
                Finish(_all[what % _all.Count], giveUp: false);
                break;
            case < 640:
                Snapshot(what, extra);
                break;
            case < 920:
                AnswerSome(what, extra);
                break;
            case < 980:
                Wait(Duration.FromNanoseconds(100_000L * (what % 80)));
                break;
            case < 986:
                Handle(Frame(new CoordinatorFrame.ResolveOnePhase(transaction.Id)));
                transaction.IsResolved = true;
                break;
            case < 988:
                Handle(new ShardEvent.CoordinatorConnected(Name.Coordinator("c1")));
                break;
            case < 992:
                _rig.Restart(_ => (extra++ & 1) == 0);
                _check.Restarted();
                break;
            case < 994:
                _rig.AnswerAll();
                break;
            default:
                if (_rig.Machine.Phase == OwnershipPhase.Serving)
                {
                    _rig.Usurp(Duration.FromMilliseconds(50));
                }

                break;
        }

        Look();
    }

    /// <summary>Lets all that is open come to its end, and checks the whole.</summary>
    public void End()
    {
        for (int round = 0; round < 300 && !IsOver; round++)
        {
            _rig.AnswerAll();
            Look();

            // What a late repeat began anew under a later owner ends at its deadline.
            Wait(round == 100 ? Duration.FromSeconds(31) : Duration.FromMilliseconds(10));
            if (_rig.Machine.Phase != OwnershipPhase.Serving)
            {
                continue;
            }

            foreach (RandomTransaction transaction in _all)
            {
                Conclude(transaction);
            }
        }

        Assert.True(IsOver, $"Not over: {_rig.Machine.OpenTransactions} open, {_rig.Machine.WaitingCalls} calls waiting, quiet {_rig.Machine.IsQuiet}.");
        Assert.Equal(0, _rig.Store.PreparedCount);
        _check.Whole(_all, _rig.Store);
    }

    private bool IsOver => _rig.Machine.Phase == OwnershipPhase.Serving && _rig.Machine.IsQuiet && _rig.Machine.WaitingCalls == 0 && _all.TrueForAll(transaction => transaction.IsOver);

    private RandomTransaction Running(int client)
    {
        if (_running[client] is not { IsOver: false } running)
        {
            // Mostly younger than those that run; all are dated at the start.
            int ordinal = _all.Count;
            TransactionContext context = Name.Transaction(((char)('a' + ordinal)).ToString(), priority: ordinal + (ordinal * 37 % 5));
            running = _running[client] = new RandomTransaction(context);
            _all.Add(running);
        }

        return running;
    }

    private void Operate(RandomTransaction transaction, int what, int extra)
    {
        if (transaction.IsSealed || transaction.Operations.Count == 3)
        {
            return;
        }

        RecordKey record = new("t", Keys[extra % Keys.Length]);
        Document value = Document.FromText($"{++_writes}");
        Operation operation = (what % 7) switch
        {
            0 or 1 => new Operation.Get("t", [record.Key, Keys[what % Keys.Length]], ForUpdate: extra % 3 == 0),
            2 or 3 => new Operation.Put(record, value),
            4 => new Operation.InsertIfAbsent(record, value),
            5 => new Operation.Delete(record),
            _ => new Operation.Scan(new KeyRange("t", record.Key, extra % 2 == 0 ? null : "e"), 1 + (extra % 3)),
        };
        Send(transaction, transaction.Add(operation), operation);
    }

    private void Repeat(RandomTransaction transaction, int extra)
    {
        if (transaction.Operations.Count > 0)
        {
            int number = extra % transaction.Operations.Count;
            Send(transaction, number, transaction.Operations[number].Operation);
        }
    }

    private void Send(RandomTransaction transaction, int number, Operation operation)
    {
        CallId call = new(++_calls);
        _check.Asked(call, answer => transaction.Answered(number, answer));
        Handle(new ShardEvent.OperationReceived(call, transaction.Context, new OperationNumber(1, number), operation));
    }

    // The client commits when all its calls are answered; else it gives up.
    private void Finish(RandomTransaction transaction, bool giveUp)
    {
        if (!transaction.IsSealed)
        {
            if (transaction.Operations.Count == 0 || !transaction.AllAnswered)
            {
                return;
            }

            transaction.Seal(_rig.Clock.Read().Latest, isOnePhase: transaction.Wrote && transaction.Operations.Count % 2 == 0);
            if (giveUp || transaction.IsDoomed)
            {
                transaction.IsGivenUp = true;
                transaction.Decided = Outcome.Aborted(AbortReason.ClientAborted);
            }
        }

        Ask(transaction);
    }

    private void Ask(RandomTransaction transaction)
    {
        int count = transaction.Operations.Count;
        if (transaction.IsOnePhase && !transaction.HasOutcomeFromShard && transaction.Decided is null)
        {
            Handle(Frame(new CoordinatorFrame.CommitOnePhase(
                transaction.Id, transaction.Generation, transaction.Floor, transaction.Wrote, count)));
        }
        else if (!transaction.IsOnePhase && !transaction.IsGivenUp)
        {
            Handle(Frame(new CoordinatorFrame.Prepare(transaction.Id, transaction.Generation, transaction.Floor, transaction.Wrote, count)));
        }
    }

    private void Decide(RandomTransaction transaction, int what)
    {
        if (transaction.IsOnePhase || !transaction.IsSealed)
        {
            return;
        }

        if (transaction.Decided is null)
        {
            if (transaction.Vote is not { } vote)
            {
                return;
            }

            Timestamp commitTimestamp = Timestamp.Max(transaction.Floor, vote.PrepareTimestamp);
            transaction.Decided = vote.IsYes && what % 4 != 0 && commitTimestamp <= vote.ValidUntil && !transaction.IsResolved
                ? Outcome.Committed(commitTimestamp)
                : Outcome.Aborted(AbortReason.VoteTimeout);
            if (transaction.Decided is { IsCommitted: true })
            {
                // X9: nobody hears of it before its timestamp has passed.
                Wait(_rig.Clock.Read().Interval.Until(commitTimestamp) is var left && left >= Duration.Zero
                    ? left + Duration.FromMilliseconds(1)
                    : Duration.Zero);
            }
        }

        Handle(Frame(new CoordinatorFrame.Ended(transaction.Id, transaction.Decided.Value)));
        transaction.IsOver = true;
    }

    // Again in each round: a frame that comes while nothing is served is lost.
    private void Conclude(RandomTransaction transaction)
    {
        if (!transaction.IsSealed)
        {
            transaction.Seal(_rig.Clock.Read().Latest, isOnePhase: false);
            transaction.IsGivenUp = true;
            transaction.Decided = Outcome.Aborted(AbortReason.HeartbeatMissed);
        }

        if (transaction.Decided is null)
        {
            Ask(transaction);
            _rig.AnswerAll();
            Look();
        }

        Decide(transaction, what: 1);
        if (transaction.IsOnePhase && transaction.Decided is { IsCommitted: false } && !transaction.HasOutcomeFromShard)
        {
            Handle(Frame(new CoordinatorFrame.Ended(transaction.Id, transaction.Decided.Value)));
        }

        transaction.IsOver = transaction.Decided is not null;
    }

    private void Snapshot(int what, int extra)
    {
        Timestamp? at = what % 5 == 0 ? null : _rig.Clock.Read().Now.Plus(Duration.FromMilliseconds((what % 7) - 4));
        CallId call = new(++_calls);
        SnapshotQuery query = extra % 2 == 0
            ? new SnapshotQuery.Get("t", [.. Keys])
            : new SnapshotQuery.Scan(new KeyRange("t", Keys[what % Keys.Length], null), 2);
        _check.Asked(call, answer => _check.Snapshot(query, answer));
        Handle(new ShardEvent.SnapshotReadReceived(call, at, query));
    }

    private void AnswerSome(int what, int extra)
    {
        if (_rig.Unanswered.Count == 0)
        {
            return;
        }

        ShardEffect question = _rig.Unanswered[what % _rig.Unanswered.Count];
        _rig.Unanswered.Remove(question);
        bool fails = extra % 6 == 0;
        bool isDone = extra % 12 == 0;
        switch (question)
        {
            case ShardEffect.Persist persist when fails:
                if (isDone)
                {
                    _rig.Store.Persist(persist);
                }

                Handle(new ShardEvent.Persisted(persist.Batch, (extra % 5) switch
                {
                    _ when isDone => new PersistResult.Ambiguous("lost"),
                    0 => new PersistResult.Ambiguous("lost"),
                    1 => new PersistResult.RolledBack(IsTransient: false, "refused"),
                    _ => new PersistResult.RolledBack(IsTransient: true, "down"),
                }));
                break;

            case ShardEffect.Apply apply when fails:
                if (isDone)
                {
                    _rig.Store.Apply(apply);
                }

                Handle(new ShardEvent.Applied(apply.Batch, isDone || extra % 5 == 0 ? WriteResult.Ambiguous : WriteResult.RolledBack));
                break;

            case ShardEffect.Reconcile reconcile when fails:
                if (isDone)
                {
                    _rig.Store.Reconcile(reconcile);
                }

                Handle(new ShardEvent.Reconciled(reconcile.Request, null));
                break;

            case ShardEffect.Renew renew when fails:
                if (isDone)
                {
                    _rig.Store.Renew(renew);
                }

                Handle(new ShardEvent.Renewed(WriteResult.Ambiguous));
                break;

            case ShardEffect.ReadOutcome read when fails:
                Handle(new ShardEvent.OutcomeRead(read.Request, Succeeded: false, null));
                break;

            case ShardEffect.ReadVersions read when fails:
                Handle(new ShardEvent.VersionsRead(read.Request, new VersionsReadResult.Failed("down")));
                break;

            default:
                Handle(_rig.AnswerTo(question));
                break;
        }
    }

    private static ShardEvent.FrameReceived Frame(CoordinatorFrame frame) => new(Name.Coordinator("c1"), frame);

    private void Wait(Duration duration)
    {
        _rig.Wait(duration);
        Look();
    }

    private void Handle(ShardEvent e)
    {
        _rig.Handle(e);
        Look();
    }

    // Hands what the shard answered and sent to whom it concerns.
    private void Look()
    {
        _check.Published(_rig.Store);
        for (; _seen < _rig.Effects.Count; _seen++)
        {
            switch (_rig.Effects[_seen])
            {
                case ShardEffect.Answer answer:
                    _check.Answered(answer);
                    break;

                case ShardEffect.Send send:
                    Find(send.Frame.Id)?.Received(send.Frame);
                    break;

                default:
                    break;
            }
        }
    }

    private RandomTransaction? Find(TransactionId id) => _all.Find(transaction => transaction.Id == id);
}
