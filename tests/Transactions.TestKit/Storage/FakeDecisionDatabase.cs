using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;

namespace Transactions.TestKit.Storage;

/// <summary>The decision log's database, in memory, for any number of coordinators: a method for each storage effect, each atomic.</summary>
/// <remarks>
/// Deterministic, if <paramref name="now"/> is. A write happens at the instant of its call, which stands for the instant at
/// which PostgreSQL commits it. Thread-safe.
/// </remarks>
/// <param name="now">The server's clock, for the retention only.</param>
public sealed class FakeDecisionDatabase(Func<Timestamp> now)
{
    private readonly Lock _lock = new();
    private readonly CrashableState<Log> _state = new(Log.Empty);

    /// <summary>Whether the server answers. While it doesn't, reads fail, and writes are rolled back before they are sent.</summary>
    public bool IsAvailable { get; set; } = true;

    /// <summary>
    /// Whether a transaction that only read back makes durable what it read (D1), as ours does. False breaks the protocol:
    /// for mutants.
    /// </summary>
    public bool FlushesReadBacks { get; init; } = true;

    /// <summary>What it does wrong.</summary>
    public StoreMutation Mutation
    {
        get;
        init
        {
            field = value;
            FlushesReadBacks &= value != StoreMutation.ReadBackUnflushed;
        }
    }

    /// <summary>Every row, by id.</summary>
    public ImmutableArray<Decision> Decisions
    {
        get
        {
            lock (_lock)
            {
                return [.. _state.Current.Rows.Values.Select(r => r.Decision)];
            }
        }
    }

    /// <summary>A row as it stands there, durable or not: for those who watch, and no read of the log's own (D1).</summary>
    public Decision? Find(TransactionId id)
    {
        lock (_lock)
        {
            return _state.Current.Rows.GetValueOrDefault(id)?.Decision;
        }
    }

    /// <summary>A row that no crash can take back: for those who watch, and no read of the log's own (D1).</summary>
    public Decision? FindDurable(TransactionId id)
    {
        lock (_lock)
        {
            return _state.Durable.Rows.GetValueOrDefault(id)?.Decision;
        }
    }

    /// <summary>The low-water mark.</summary>
    public Timestamp Mark
    {
        get
        {
            lock (_lock)
            {
                return _state.Current.Mark;
            }
        }
    }

    /// <summary>Kills the server and starts it again: what wasn't acknowledged is gone, unless it happened to reach the disk.</summary>
    public void Crash(bool keepUnflushed = false)
    {
        lock (_lock)
        {
            _state.Crash(keepUnflushed);
        }
    }

    /// <summary>Lets the writes of <see cref="StorageFault.AmbiguousLate"/> happen now.</summary>
    /// <returns>How many there were.</returns>
    public int RunLate()
    {
        lock (_lock)
        {
            return _state.RunLate();
        }
    }

    /// <summary>T5. What is stored: these, or those from before; null when the server doesn't answer.</summary>
    public (string Cluster, ClockMode Mode)? EnsureCluster(string cluster, ClockMode mode)
    {
        lock (_lock)
        {
            if (!IsAvailable)
            {
                return null;
            }

            _state.Acknowledge(_state.Current with { Cluster = _state.Current.Cluster ?? (cluster, mode) });
            return _state.Current.Cluster;
        }
    }

    /// <summary>D1, D5, D6.</summary>
    public RecordResult Record(ImmutableArray<Decision> decisions, StorageFault fault = StorageFault.None)
    {
        lock (_lock)
        {
            return _state.Write<RecordResult>(
                IsAvailable ? fault : StorageFault.RolledBack,
                log =>
                {
                    Log next = decisions.OrderBy(d => d.Id).Aggregate(log, Insert);
                    RecordResult result = new RecordResult.Committed([.. decisions.Select(d => Content(next, d))]);
                    return (ReferenceEquals(next, log) && !FlushesReadBacks ? null : next, result);
                },
                () => new RecordResult.RolledBack(IsTransient: true, "rolled back by the test"),
                () => new RecordResult.Ambiguous("answer lost by the test"));
        }
    }

    /// <summary>Null when the server doesn't answer.</summary>
    public DecisionLookup? Read(TransactionId? id, IdempotencyKey? key)
    {
        lock (_lock)
        {
            if (!IsAvailable)
            {
                return null;
            }

            Log log = _state.Current;
            Decision? byId = id is { } wanted ? log.Rows.GetValueOrDefault(wanted)?.Decision : null;
            Decision? byKey = log.FindByKey(key);
            if (FlushesReadBacks && (byId ?? byKey) is not null)
            {
                _state.Acknowledge(log);
            }

            return new DecisionLookup(byId, byKey, log.Mark);
        }
    }

    /// <summary>D5. False unless it is certainly durable.</summary>
    public bool MarkApplied(ImmutableArray<(TransactionId Id, ShardId Shard)> applied, StorageFault fault = StorageFault.None)
    {
        lock (_lock)
        {
            return _state.Write(
                IsAvailable ? fault : StorageFault.RolledBack,
                log => (applied.Aggregate(log, NoteApplied), true),
                () => false,
                () => false);
        }
    }

    /// <summary>D1, D5. Null when the server doesn't answer.</summary>
    public ImmutableArray<Decision>? FindUnapplied(int limit)
    {
        lock (_lock)
        {
            if (!IsAvailable)
            {
                return null;
            }

            Log log = _state.Current;
            ImmutableArray<Decision> found =
            [
                .. log.Rows.Values
                    .Where(r => r.AppliedAt is null)
                    .Take(limit)
                    .Select(r => r.Decision with { Writers = [.. r.Decision.Writers.Where(w => r.Unapplied.Contains(w.Shard))] }),
            ];
            if (FlushesReadBacks && !found.IsEmpty)
            {
                _state.Acknowledge(log);
            }

            return found;
        }
    }

    /// <summary>D5. The mark that now holds; null when the server doesn't answer, or its answer was lost. Raises and deletes at once.</summary>
    public Timestamp? Prune(Timestamp mark, StorageFault fault = StorageFault.None)
    {
        lock (_lock)
        {
            return _state.Write<Timestamp?>(
                IsAvailable ? fault : StorageFault.RolledBack,
                log =>
                {
                    Timestamp raised = Timestamp.Max(log.Mark, mark);
                    var gone = log.Rows.Where(r => r.Key.IssuedAt <= raised && (r.Value.AppliedAt <= raised || Mutation == StoreMutation.PruneUnapplied)).Select(r => r.Key);
                    return (log with { Mark = raised, Rows = log.Rows.RemoveRange(gone) }, raised);
                },
                () => null,
                () => null);
        }
    }

    private Log Insert(Log log, Decision decision)
    {
        if ((log.Rows.ContainsKey(decision.Id) && Mutation != StoreMutation.Overwrite)
            || (log.FindByKey(decision.Key) is not null && Mutation != StoreMutation.ShareKeys)
            || (decision.Id.IssuedAt <= log.Mark && Mutation != StoreMutation.InsertBelowMark))
        {
            return log;
        }

        Row row = new(decision, [.. decision.Writers.Select(w => w.Shard)], decision.Writers.IsEmpty ? now() : null);
        return log with { Rows = log.Rows.SetItem(decision.Id, row) };
    }

    private Log NoteApplied(Log log, (TransactionId Id, ShardId Shard) applied)
    {
        if (!log.Rows.TryGetValue(applied.Id, out Row? row) || row.AppliedAt is not null)
        {
            return log;
        }

        ImmutableHashSet<ShardId> unapplied = row.Unapplied.Remove(applied.Shard);
        row = row with { Unapplied = unapplied, AppliedAt = unapplied.IsEmpty ? now() : null };
        return log with { Rows = log.Rows.SetItem(applied.Id, row) };
    }

    private static RegisterContent Content(Log log, Decision asked) =>
        log.Rows.TryGetValue(asked.Id, out Row? row) ? new RegisterContent.ById(row.Decision)
        : log.FindByKey(asked.Key) is { } holder ? new RegisterContent.ByKey(holder)
        : new RegisterContent.BelowMark(log.Mark);

    private sealed record Row(Decision Decision, ImmutableHashSet<ShardId> Unapplied, Timestamp? AppliedAt);

    private sealed record Log((string, ClockMode)? Cluster, Timestamp Mark, ImmutableSortedDictionary<TransactionId, Row> Rows)
    {
        public static Log Empty { get; } = new(null, default, ImmutableSortedDictionary<TransactionId, Row>.Empty);

        public Decision? FindByKey(IdempotencyKey? key) =>
            key is null ? null : Rows.Values.FirstOrDefault(r => r.Decision.Key == key)?.Decision;
    }
}
