using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Votes, one-phase commits and tombstones on their way to PostgreSQL: one batch at a time (X7).</summary>
internal sealed class PersistQueue(ShardCore core, ShardLease lease)
{
    private readonly LinkedList<PersistJob> _waiting = new();
    private List<PersistJob> _underWay = [];
    private long _batch;
    private long _retryAt;

    public int Count => _waiting.Count + _underWay.Count;

    public bool IsUnderWay => _underWay.Count > 0;

    public bool IsIdle => Count == 0 && Doubtful.Count == 0;

    public bool IsFull => _waiting.Count >= core.Options.MaxQueuedPersists;

    /// <summary>Jobs whose batch got no clear answer (L6); nothing is sent until they are settled.</summary>
    public List<PersistJob> Doubtful { get; } = [];

    public void Enqueue(PersistJob job) => _waiting.AddLast(job);

    /// <summary>Puts jobs back that weren't written, before all others.</summary>
    public void Requeue(IEnumerable<PersistJob> jobs)
    {
        foreach (PersistJob job in jobs.Reverse())
        {
            _waiting.AddFirst(job);
        }
    }

    /// <summary>Sends the next batch, if none is under way. Not called while anything is in doubt.</summary>
    public void SendNext()
    {
        if (!lease.IsOwner || IsUnderWay || core.NowMicroseconds < _retryAt)
        {
            return;
        }

        List<PersistJob> batch = [];
        long bytes = 0;
        while (_waiting.First is { } next && batch.Count < core.Options.MaxBatch)
        {
            // One that is larger than a batch may be goes alone.
            PersistJob job = next.Value;
            if (batch.Count > 0 && (batch[0].IsSingle || job.IsSingle || bytes + job.Bytes > core.Options.MaxBatchBytes))
            {
                break;
            }

            _waiting.RemoveFirst();
            if (job.ShallGo())
            {
                batch.Add(job);
                bytes += job.Bytes;
            }
        }

        if (batch.Count > 0)
        {
            _underWay = batch;
            _batch = core.NextRequest();
            core.Emit(new ShardEffect.Persist(_batch, lease.Fence, [.. batch.Select(job => job.Item)]));
        }
    }

    public void Handle(ShardEvent.Persisted e)
    {
        if (e.Batch != _batch || !IsUnderWay)
        {
            return;
        }

        List<PersistJob> jobs = _underWay;
        _underWay = [];
        switch (e.Result)
        {
            case PersistResult.Committed committed:
                Finish(jobs, committed.Register);
                break;

            case PersistResult.RolledBack { IsTransient: true } failed:
                core.Notify(new ShardNotice.StorageFailing($"persisting {jobs.Count} transactions", failed.Message));
                _retryAt = core.NowMicroseconds + (core.Options.RetryInterval.BclCompatibleTicks / 10);
                RetryLater(jobs);
                break;

            case PersistResult.RolledBack failed when jobs.Count == 1:
                jobs[0].Refused(failed.Message);
                break;

            // X7: singly, so that one can't fail the others.
            case PersistResult.RolledBack:
                jobs.ForEach(job => job.IsSingle = true);
                Requeue(jobs);
                break;

            case PersistResult.Ambiguous ambiguous:
                core.Notify(new ShardNotice.Ambiguity(jobs.Count, ambiguous.Message));
                Doubtful.AddRange(jobs);
                break;

            case PersistResult.Fenced:
                lease.Lose();
                break;

            default:
                throw new InvalidOperationException($"A batch can't end as {e.Result.GetType().Name}.");
        }
    }

    public void Clear()
    {
        _waiting.Clear();
        _underWay = [];
        _retryAt = 0;
        Doubtful.Clear();
    }

    // X7: what failed together is tried together once more, then singly; and what fails alone lets the others go before it.
    private void RetryLater(List<PersistJob> jobs)
    {
        bool wasAlone = jobs is [{ IsSingle: true }];
        jobs.ForEach(job => job.IsSingle |= ++job.Failures > 1);
        if (wasAlone)
        {
            Enqueue(jobs[0]);
        }
        else
        {
            Requeue(jobs);
        }
    }

    private static void Finish(List<PersistJob> jobs, ImmutableArray<Outcome?> register)
    {
        Invariant.Holds(register.Length == jobs.Count, "X7: PostgreSQL answers each transaction of a batch");
        for (int i = 0; i < jobs.Count; i++)
        {
            jobs[i].Persisted(register[i]);
        }
    }
}
