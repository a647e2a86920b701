using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Transactions.Model;

/// <summary>
/// Keeps what one handler of a transaction (its root, or a hop that serves a call of it) did and had done: numbers operations,
/// counts the admitted ones, follows calls in flight, and knows when the transaction is doomed (X2).
/// </summary>
/// <remarks>
/// The one place for X2's rules on this side; interceptors and store clients only report what happened. Every call is begun
/// once, and ended by exactly one of the methods that take its ticket; a second end changes nothing, nor does one after the
/// seal. Thread-safe: calls of one handler may run at once.
/// </remarks>
/// <param name="scope">Random, one for each ledger: the scope of its operation numbers.</param>
public sealed class CallLedger(long scope)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, string> _inFlight = [];
    private readonly SortedDictionary<ShardId, CommitShard> _shards = [];
    private Doom? _doom;
    private Participation? _hopSeal;
    private RootSeal? _rootSeal;
    private long _lastOperation;
    private long _lastTicket;

    internal SessionMutation Mutation { get; init; }

    /// <summary>Why the transaction can't commit any more; null while it can, as far as this handler knows.</summary>
    public Doom? Doom
    {
        get
        {
            lock (_lock)
            {
                return _doom;
            }
        }
    }

    /// <summary>How many calls are in flight.</summary>
    public int InFlight
    {
        get
        {
            lock (_lock)
            {
                return _inFlight.Count;
            }
        }
    }

    private bool IsSealed => _hopSeal is not null || _rootSeal is not null;

    /// <summary>The number for the next store operation. A repeat of an operation keeps its first number.</summary>
    public OperationNumber NextOperation()
    {
        lock (_lock)
        {
            return new(scope, ++_lastOperation);
        }
    }

    /// <summary>Says that a call with the context is about to be sent.</summary>
    /// <param name="name">What is called, for people.</param>
    /// <param name="ticket">To end the call with.</param>
    /// <param name="refusal">Why it must not be sent: the transaction is sealed or doomed.</param>
    public bool TryBegin(string name, out CallTicket ticket, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_lock)
        {
            ticket = default;
            refusal = _doom?.ToRefusal() ?? (IsSealed ? Sealed(name) : null);
            if (refusal is not null)
            {
                return false;
            }

            ticket = new(++_lastTicket);
            _inFlight.Add(ticket.Value, name);
            return true;
        }
    }

    /// <summary>A store operation was admitted, over our own stream.</summary>
    public void Admitted(CallTicket ticket, ShardGeneration owner, bool wrote) =>
        End(ticket, _ => Count(new CommitShard(owner, wrote, 1)));

    /// <summary>A store operation was refused, over our own stream.</summary>
    /// <param name="ticket">The call.</param>
    /// <param name="refusal">The answer.</param>
    /// <param name="admittedBy">Who had admitted it before it failed: then it counts all the same; else null.</param>
    public void Refused(CallTicket ticket, Refusal refusal, ShardGeneration? admittedBy)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        End(ticket, name =>
        {
            if (admittedBy is { } owner)
            {
                Count(new CommitShard(owner, false, 1));
            }

            Heed(name, refusal);
        });
    }

    /// <summary>A call was answered with its trailer.</summary>
    /// <param name="ticket">The call.</param>
    /// <param name="participation">What the trailer says.</param>
    /// <param name="refusal">Why the call failed, where it failed with a refusal of ours; else null.</param>
    public void Answered(CallTicket ticket, Participation participation, Refusal? refusal = null)
    {
        ArgumentNullException.ThrowIfNull(participation);
        End(ticket, name =>
        {
            foreach (CommitShard shard in participation.Shards)
            {
                Count(shard);
            }

            if (participation.Doom is { } doom)
            {
                Condemn(doom);
            }

            if (refusal is not null)
            {
                Heed(name, refusal);
            }
        });
    }

    /// <summary>A call was answered, well or badly, without the trailer, or with one that can't be read: dooms.</summary>
    public void AnsweredWithoutTrailer(CallTicket ticket) => End(ticket, name => CondemnUnless(SessionMutation.TrailerlessIsFine, new Doom(
        $"{name} took the transaction's context and answered without saying what it did; add the server interceptor to it.", false)));

    /// <summary>A call failed on the way, or was cancelled, so that nobody knows what it did: dooms.</summary>
    public void OutcomeUnknown(CallTicket ticket, string message) =>
        End(ticket, name => CondemnUnless(SessionMutation.UnknownIsHarmless, new Doom($"It isn't known what became of {name}: {message}", true)));

    /// <summary>A stream was disposed before its trailers came: dooms.</summary>
    public void DisposedEarly(CallTicket ticket) => End(ticket, name => CondemnUnless(SessionMutation.DisposedEarlyIsFine, new Doom(
        $"{name} was disposed before it ended, so it isn't known what it did; read streams to their end.", false)));

    /// <summary>A call's request certainly was never sent: it did nothing.</summary>
    public void NotSent(CallTicket ticket) => End(ticket, _ => { });

    /// <summary>Dooms the transaction for a reason of the caller's own.</summary>
    public void Condemn(string reason, bool mayRetry)
    {
        lock (_lock)
        {
            if (!IsSealed)
            {
                Condemn(new Doom(reason, mayRetry));
            }
        }
    }

    /// <summary>Seals a hop: what its trailer says. Always says something; calls still in flight doom (X2).</summary>
    /// <remarks>No operation is taken any more. Asked again, it says the same.</remarks>
    public Participation SealHop()
    {
        lock (_lock)
        {
            if (_hopSeal is not null)
            {
                return _hopSeal;
            }

            Invariant.Holds(_rootSeal is null, "a ledger is either a hop's or the root's");
            if (_inFlight.Count > 0)
            {
                CondemnUnless(SessionMutation.HopSealsInFlight, new Doom($"A handler returned while calls of its own were in flight: {Names()}; await them.", false));
            }

            _hopSeal = new([.. _shards.Values], _doom);
            return _hopSeal;
        }
    }

    /// <summary>Asks whether the root may send its Commit, and seals it if so, or if it is doomed (X2, X6).</summary>
    /// <remarks>Asked again after it said anything but <see cref="RootSeal.CallsInFlight"/>, it says the same.</remarks>
    public RootSeal SealRoot()
    {
        lock (_lock)
        {
            if (_rootSeal is not null)
            {
                return _rootSeal;
            }

            Invariant.Holds(_hopSeal is null, "a ledger is either a hop's or the root's");
            if (_doom is null && _inFlight.Count > 0 && Mutation != SessionMutation.RootSealsInFlight)
            {
                return new RootSeal.CallsInFlight([.. _inFlight.Values]);
            }

            _rootSeal = _doom is null ? new RootSeal.Ready([.. _shards.Values]) : new RootSeal.Doomed(_doom);
            return _rootSeal;
        }
    }

    private void End(CallTicket ticket, Action<string> record)
    {
        lock (_lock)
        {
            // What comes after the seal is noted in vain: the seal has said all, and the call in flight doomed it.
            if (_inFlight.Remove(ticket.Value, out string? name))
            {
                record(name);
            }
        }
    }

    private void Count(CommitShard added)
    {
        ShardId shard = added.Owner.Shard;
        if (!_shards.TryGetValue(shard, out CommitShard known))
        {
            if (_shards.Count >= Participation.MaxShards)
            {
                Condemn(new Doom($"The transaction used more than {Participation.MaxShards} shards; split it.", false));
                return;
            }

            _shards.Add(shard, added);
            return;
        }

        // X2, X6: what the earlier owner held in memory is gone, its read locks with it.
        if (known.Owner != added.Owner)
        {
            Condemn(new Doom($"Shard {shard} changed its owner during the transaction.", true));
            return;
        }

        if (known.Operations > Participation.MaxOperations - added.Operations)
        {
            Condemn(new Doom($"The transaction had more than {Participation.MaxOperations} operations on {shard}; split it.", false));
            return;
        }

        _shards[shard] = known with { Wrote = known.Wrote || added.Wrote, Operations = known.Operations + added.Operations };
    }

    private void CondemnUnless(SessionMutation mutation, Doom doom)
    {
        if (Mutation != mutation)
        {
            Condemn(doom);
        }
    }

    // The first reason is kept, except that one for which a retry is vain is told rather than one for which it isn't.
    private void Condemn(Doom doom)
    {
        if (_doom is null || (_doom.MayRetry && !doom.MayRetry))
        {
            _doom = doom;
        }
    }

    // A transaction that has ended can't commit, even if the handler swallows the error.
    private void Heed(string name, Refusal refusal)
    {
        if (EndsTransaction(refusal))
        {
            Condemn(new Doom($"{name} was refused: {refusal.Message}", refusal.MayRetry));
        }
    }

    // Other refusals changed nothing: the handler may go on without that operation.
    private static bool EndsTransaction(Refusal refusal) =>
        refusal.Status == RefusalStatus.Aborted
        || refusal.Reason is RefusalReason.TransactionEnded or RefusalReason.DeadlinePassed or RefusalReason.OtherIncarnation
            or RefusalReason.IdOutOfRange or RefusalReason.Expired or RefusalReason.Doomed;

    private static Refusal Sealed(string name) => new(
        RefusalStatus.FailedPrecondition,
        RefusalReason.TransactionSealed,
        $"{name} comes too late: its handler has returned, or the transaction is being committed. Await all calls before.");

    private string Names() => string.Join(", ", _inFlight.Values);
}
