using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Batching;

// D1, D2: brings decisions into the write-once register, many in one PostgreSQL commit, one such commit in flight.
internal sealed class DecisionQueue(Workspace work)
{
    // Every decision that isn't settled yet, wherever it waits: one per transaction.
    private readonly Dictionary<TransactionId, PendingDecision> _pending = [];
    private readonly Queue<PendingDecision> _ready = new();
    private readonly Queue<PendingDecision> _singly = new();
    private readonly DueQueue<long, PendingDecision> _later = new();
    private PendingDecision[] _inFlight = [];
    private int _reserved;
    private long _batch;
    private bool _isUnavailable;

    public int Count => _pending.Count;

    // Whether one more may come. Places are reserved when a transaction is sealed, so that none is refused once it voted.
    public bool HasRoom => _pending.Count + _reserved < work.Options.MaxQueuedDecisions;

    public void Reserve() => _reserved++;

    public void Release()
    {
        Invariant.Holds(_reserved > 0, "a place in the decision queue is released once");
        _reserved--;
    }

    // Who adds a decision for a transaction that has one under way hears of that one's fate: the register holds one row.
    public void Add(Decision decision, Timestamp? giveUpAfter, Action<DecisionFate> completed)
    {
        if (!_pending.TryGetValue(decision.Id, out PendingDecision? pending))
        {
            pending = new(decision, giveUpAfter);
            _pending.Add(decision.Id, pending);
            _ready.Enqueue(pending);
        }

        pending.Follow(completed);
    }

    public void OnTime()
    {
        while (_later.TryTake(work.Microseconds, out PendingDecision? pending))
        {
            _ready.Enqueue(pending);
        }
    }

    // Forms the next batch, sorted by id so that two coordinators' batches don't deadlock (D1).
    public void Form()
    {
        if (_inFlight.Length > 0 || (_singly.Count == 0 && _ready.Count == 0))
        {
            return;
        }

        _inFlight = _singly.Count > 0 ? [_singly.Dequeue()] : TakeReady();
        work.Emit(new CoordinatorEffect.Record(++_batch, [.. _inFlight.Select(p => p.Decision)]));
    }

    private PendingDecision[] TakeReady()
    {
        PendingDecision[] batch = new PendingDecision[Math.Min(_ready.Count, work.Options.MaxBatch)];
        for (int i = 0; i < batch.Length; i++)
        {
            batch[i] = _ready.Dequeue();
        }

        if (work.Mutation != Mutation.UnsortedBatches)
        {
            Array.Sort(batch, (a, b) => a.Decision.Id.CompareTo(b.Decision.Id));
        }

        return batch;
    }

    public void OnRecorded(long batch, RecordResult result)
    {
        if (batch != _batch || _inFlight.Length == 0)
        {
            return;
        }

        PendingDecision[] answered = _inFlight;
        _inFlight = [];
        _isUnavailable &= result is not RecordResult.Committed;
        switch (result)
        {
            case RecordResult.Committed committed:
                OnCommitted(answered, committed.Contents);
                break;
            case RecordResult.RolledBack when answered.Length > 1:
                // D1: one of them can't fail the others.
                Array.ForEach(answered, work.Mutation == Mutation.RetryTogether ? TryLater : _singly.Enqueue);
                break;
            case RecordResult.RolledBack rolledBack:
                OnRolledBack(answered[0], rolledBack.IsTransient);
                break;
            case RecordResult.Ambiguous:
                OnAmbiguous(answered);
                break;
            default:
                throw new ArgumentException($"{result.GetType().Name} is no result of recording.", nameof(result));
        }
    }

    private void OnCommitted(PendingDecision[] answered, ImmutableArray<RegisterContent> contents)
    {
        Invariant.Holds(contents.Length == answered.Length, "D1: the log says for each decision what the register holds");
        for (int i = 0; i < answered.Length; i++)
        {
            PendingDecision pending = answered[i];
            Settle(pending, contents[i] switch
            {
                RegisterContent.ById held => new DecisionFate.Held(held.Decision),
                RegisterContent.ByKey held => new DecisionFate.KeyHeld(held.Holder),
                RegisterContent.BelowMark below => BelowMark(pending, below.Mark),
                var other => throw new ArgumentException($"{other.GetType().Name} is nothing that a register holds."),
            });
        }
    }

    private DecisionFate.BelowMark BelowMark(PendingDecision pending, Timestamp mark)
    {
        work.SeeMark(mark);
        return new(MayHaveCommitted: pending.WasAmbiguous || !pending.Decision.Outcome.IsCommitted);
    }

    private void OnRolledBack(PendingDecision pending, bool isTransient)
    {
        if (isTransient)
        {
            NoteUnavailable();
            if (pending is { WasAmbiguous: false, GiveUpAfter: { } limit } && work.MayHavePassed(limit))
            {
                Settle(pending, new DecisionFate.NotWritten(AbortReason.DeadlinePassed));
                return;
            }
        }
        else if (!pending.WasAmbiguous)
        {
            Settle(pending, new DecisionFate.NotWritten(AbortReason.StorageRefused));
            return;
        }

        TryLater(pending);
    }

    // D2: only an abort in the register, or what the register holds instead, ends these.
    private void OnAmbiguous(PendingDecision[] answered)
    {
        work.Notify(new CoordinatorNotice.RecordingAmbiguous(answered.Length));
        foreach (PendingDecision pending in answered)
        {
            if (work.Mutation == Mutation.AmbiguousInsertIsAbort)
            {
                Settle(pending, new DecisionFate.NotWritten(AbortReason.CoordinatorLost));
                continue;
            }

            pending.BecomeAbort(Decision.Abort(pending.Decision.Id, AbortReason.CoordinatorLost));
            TryLater(pending);
        }
    }

    private void TryLater(PendingDecision pending) => _later.Add(work.After(work.Options.RetryInterval), pending);

    private void NoteUnavailable()
    {
        if (!_isUnavailable)
        {
            _isUnavailable = true;
            work.Notify(new CoordinatorNotice.LogUnavailable(_pending.Count));
        }
    }

    private void Settle(PendingDecision pending, DecisionFate fate)
    {
        _pending.Remove(pending.Decision.Id);
        pending.Complete(fate);
    }
}
