using System.Collections.Immutable;
using System.Text.Json;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.TestKit.Storage;

/// <summary>One shard's database, in memory, for any number of owners: a method for each storage effect, each atomic.</summary>
/// <remarks>
/// Deterministic. A write happens at the instant of its call, which stands for the instant at which PostgreSQL commits it;
/// a test that wants a write in flight calls later, or uses <see cref="StorageFault.AmbiguousLate"/>. Thread-safe.
/// </remarks>
public sealed class FakeShardDatabase
{
    private readonly Lock _lock = new();
    private readonly CrashableState<FakeShardState> _state = new(FakeShardState.Empty);

    /// <summary>What it does wrong.</summary>
    public StoreMutation Mutation { get; init; }

    /// <summary>With how many records, deleted ones too, a part of a range ends.</summary>
    public int MostMetInAPart { get; init; } = int.MaxValue;

    /// <summary>What is there and visible.</summary>
    public FakeShardState State
    {
        get
        {
            lock (_lock)
            {
                return _state.Current;
            }
        }
    }

    /// <summary>Whether anything is visible that a crash may take back.</summary>
    public bool HasUnflushed
    {
        get
        {
            lock (_lock)
            {
                return _state.HasUnflushed;
            }
        }
    }

    /// <summary>Whether the server answers. While it doesn't, reads fail, and writes are rolled back before they are sent.</summary>
    public bool IsAvailable { get; set; } = true;

    /// <summary>Kills the server and starts it again: what wasn't acknowledged is gone, unless it happened to reach the disk.</summary>
    public void Crash(bool keepUnflushed = false)
    {
        lock (_lock)
        {
            _state.Crash(keepUnflushed);
        }
    }

    /// <summary>Lets the writes of <see cref="StorageFault.AmbiguousLate"/> happen now, or be fenced.</summary>
    /// <returns>How many there were.</returns>
    public int RunLate()
    {
        lock (_lock)
        {
            return _state.RunLate();
        }
    }

    /// <summary>Null when the server doesn't answer.</summary>
    public ShardRow? ReadShardRow()
    {
        lock (_lock)
        {
            if (!IsAvailable)
            {
                return null;
            }

            if (_state.Current.Row is null)
            {
                _state.Acknowledge(_state.Current with { Row = new(default, 0, "", "", default, default, default, default) });
            }

            return _state.Current.Row;
        }
    }

    /// <summary>L3.</summary>
    public TakeoverResult TakeOver(
        string owner, string endpoint, Generation seen, Timestamp waitedOut, Timestamp leaseUntil, StorageFault fault = StorageFault.None) =>
        Write<TakeoverResult>(
            fault,
            state =>
            {
                if (state.Row is not { } row || row.Generation != seen
                    || (row.LeaseUntil != waitedOut && Mutation != StoreMutation.TakeOverRenewed))
                {
                    return (null, new TakeoverResult.Lost());
                }

                ShardRow mine = row with { Generation = seen.Next(), Owner = owner, Endpoint = endpoint, LeaseUntil = leaseUntil };
                return (state with { Row = mine }, new TakeoverResult.Won(mine));
            },
            () => new TakeoverResult.Failed("rolled back by the test"),
            () => new TakeoverResult.Failed("answer lost by the test"));

    /// <summary>Null when the server doesn't answer, or another generation owns the shard.</summary>
    public LoadedShard? Load(Generation generation)
    {
        lock (_lock)
        {
            return IsAvailable && _state.Current.Row?.Generation == generation ? new([.. _state.Current.Prepared.Values]) : null;
        }
    }

    /// <summary>L4, S4.</summary>
    public WriteResult Renew(
        Generation generation, Timestamp leaseUntil, Timestamp visibleUpto, StorageFault fault = StorageFault.None) =>
        Write(fault, state =>
        {
            if (state.Row is not { } row || row.Generation != generation)
            {
                return (null, WriteResult.Fenced);
            }

            ShardRow renewed = row with { LeaseUntil = leaseUntil, VisibleUpto = Timestamp.Max(row.VisibleUpto, visibleUpto) };
            return row.LeaseUntil < leaseUntil ? (state with { Row = renewed }, WriteResult.Committed) : (null, WriteResult.RolledBack);
        });

    /// <summary>L5.</summary>
    public WriteResult HandBack(Fence fence, Timestamp leaseUntil, StorageFault fault = StorageFault.None) =>
        WriteFenced(fence, fault, state => state with
        {
            Row = state.Row! with { LeaseUntil = Timestamp.Min(state.Row.LeaseUntil, leaseUntil) },
        });

    /// <summary>X7, X11, D4.</summary>
    public PersistResult Persist(Fence fence, ImmutableArray<PersistItem> items, StorageFault fault = StorageFault.None) =>
        Write<PersistResult>(
            fault,
            state => Allows(state, fence) ? Persist(state, items) : (null, new PersistResult.Fenced()),
            () => new PersistResult.RolledBack(IsTransient: true, "rolled back by the test"),
            () => new PersistResult.Ambiguous("answer lost by the test"));

    /// <summary>X10.</summary>
    public WriteResult Apply(Fence fence, ImmutableArray<ApplyItem> items, StorageFault fault = StorageFault.None) =>
        WriteFenced(fence, fault, state =>
        {
            foreach (ApplyItem item in items)
            {
                if (state.Prepared.TryGetValue(item.Id, out PreparedRow? prepared))
                {
                    state = Mutation == StoreMutation.ApplyKeepsIntents && item.CommitTimestamp is not null
                        ? state
                        : state with { Prepared = state.Prepared.Remove(item.Id) };
                    state = item.CommitTimestamp is { } at ? state.WithVersions(prepared.Writes, at) : state;
                }
            }

            return state;
        });

    /// <summary>L6. Null when the server doesn't answer, its answer was lost, or the epoch is there already.</summary>
    public ReconcileResult? Reconcile(
        Generation generation, long epoch, ImmutableArray<TransactionId> doubtful, StorageFault fault = StorageFault.None) =>
        Write<ReconcileResult?>(
            fault,
            state =>
            {
                bool isOurs = state.Row?.Generation == generation;
                if (isOurs && state.Row!.Epoch >= epoch)
                {
                    return (state, null);
                }

                FakeShardState next = isOurs ? state with { Row = state.Row! with { Epoch = epoch } } : state;
                return (next, new ReconcileResult(
                    isOurs ? epoch : null,
                    [.. doubtful.Where(state.Prepared.ContainsKey)],
                    doubtful.Where(state.Outcomes.ContainsKey).ToImmutableDictionary(id => id, id => state.Outcomes[id])));
            },
            () => null,
            () => null);

    /// <summary>X10, S2.</summary>
    public VersionsReadResult ReadVersions(VersionQuery query)
    {
        lock (_lock)
        {
            FakeShardState state = _state.Current;
            if (!IsAvailable || state.Row is null)
            {
                return new VersionsReadResult.Failed("the server doesn't answer, or the shard has no row");
            }

            (ImmutableArray<RecordVersion> versions, bool isComplete) = query switch
            {
                VersionQuery.Records records =>
                    ([.. records.Keys.Select(k => state.NewestAt(k, query.At)).OfType<RecordVersion>()], true),
                VersionQuery.Range range => ReadRange(state, range),
                _ => throw new InvalidOperationException($"Unknown query {query}."),
            };
            return new VersionsReadResult.Succeeded(versions, state.Row.HistoryHorizon, isComplete);
        }
    }

    /// <summary>D4.</summary>
    public (bool Succeeded, Outcome? Outcome) ReadOutcome(TransactionId id)
    {
        lock (_lock)
        {
            return IsAvailable ? (true, _state.Current.Outcomes.TryGetValue(id, out Outcome found) ? found : null) : (false, null);
        }
    }

    /// <summary>S2, D5. Raises and deletes at once.</summary>
    public WriteResult Prune(
        Fence fence, Timestamp historyHorizon, Timestamp outcomesMark, StorageFault fault = StorageFault.None) =>
        WriteFenced(fence, fault, state =>
        {
            ShardRow row = state.Row! with
            {
                HistoryHorizon = Timestamp.Max(state.Row.HistoryHorizon, historyHorizon),
                OutcomesMark = Timestamp.Max(state.Row.OutcomesMark, outcomesMark),
            };
            return state.WithoutHistoryBelow(row.HistoryHorizon) with
            {
                Row = row,
                Outcomes = state.Outcomes.RemoveRange(state.Outcomes.Keys.Where(id => id.IssuedAt <= row.OutcomesMark)),
            };
        });

    private (FakeShardState? Next, PersistResult Result) Persist(FakeShardState state, ImmutableArray<PersistItem> items)
    {
        Outcome?[] register = new Outcome?[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            switch (items[i])
            {
                case PersistItem.Prepare { Row: var row }:
                    if (state.Prepared.ContainsKey(row.Context.Id) || row.Writes.Any(w => !IsJson(w.Value)))
                    {
                        return (null, new PersistResult.RolledBack(IsTransient: false, $"{row.Context.Id} can't be prepared"));
                    }

                    state = state with { Prepared = state.Prepared.Add(row.Context.Id, row) };
                    break;
                case PersistItem.OnePhase onePhase:
                    if (onePhase.Writes.Any(w => !IsJson(w.Value)))
                    {
                        return (null, new PersistResult.RolledBack(IsTransient: false, $"{onePhase.Id} writes what is no JSON"));
                    }

                    (state, bool won) = Register(state, onePhase.Id, Outcome.Committed(onePhase.CommitTimestamp));
                    state = won || Mutation == StoreMutation.WriteWithoutRegister ? state.WithVersions(onePhase.Writes, onePhase.CommitTimestamp) : state;
                    break;
                case PersistItem.Tombstone tombstone:
                    (state, _) = Register(state, tombstone.Id, Outcome.Aborted(tombstone.Reason));
                    break;
                default:
                    throw new InvalidOperationException($"Unknown item {items[i]}.");
            }

            register[i] = items[i] is not PersistItem.Prepare && state.Outcomes.TryGetValue(items[i].Id, out Outcome held) ? held : null;
        }

        return (state, new PersistResult.Committed([.. register]));
    }

    private (FakeShardState State, bool Won) Register(FakeShardState state, TransactionId id, Outcome outcome) =>
        state.Outcomes.ContainsKey(id) || (id.IssuedAt <= state.Row!.OutcomesMark && Mutation != StoreMutation.InsertBelowMark)
            ? (state, false)
            : (state with { Outcomes = state.Outcomes.Add(id, outcome) }, true);

    private static bool IsJson(Document? value)
    {
        try
        {
            using JsonDocument? parsed = value is null ? null : JsonDocument.Parse(value.Value.Utf8, new() { MaxDepth = 1_000 });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private (ImmutableArray<RecordVersion> Versions, bool IsComplete) ReadRange(FakeShardState state, VersionQuery.Range range)
    {
        (ImmutableArray<RecordVersion> versions, bool isComplete) = ReadToLimit(state, range);
        return versions.Length < MostMetInAPart ? (versions, isComplete) : (versions[..MostMetInAPart], false);
    }

    private static (ImmutableArray<RecordVersion> Versions, bool IsComplete) ReadToLimit(FakeShardState state, VersionQuery.Range range)
    {
        List<RecordVersion> found = [.. state.Versions.Keys
            .Where(range.Keys.Contains)
            .Select(k => state.NewestAt(k, range.At))
            .OfType<RecordVersion>()];
        List<int> live = [.. Enumerable.Range(0, found.Count).Where(i => found[i].Value is not null)];
        return live.Count <= range.Limit ? ([.. found], true) : ([.. found[..(live[range.Limit - 1] + 1)]], false);
    }

    private bool Allows(FakeShardState state, Fence fence) => Mutation switch
    {
        StoreMutation.IgnoreGeneration => state.Row is not null,
        StoreMutation.IgnoreEpoch => state.Row?.Generation == fence.Generation,
        _ => state.Allows(fence),
    };

    private WriteResult WriteFenced(Fence fence, StorageFault fault, Func<FakeShardState, FakeShardState> write) =>
        Write(fault, state => Allows(state, fence) ? (write(state), WriteResult.Committed) : (null, WriteResult.Fenced));

    private WriteResult Write(StorageFault fault, Func<FakeShardState, (FakeShardState? Next, WriteResult Result)> write) =>
        Write(fault, write, () => WriteResult.RolledBack, () => WriteResult.Ambiguous);

    private TResult Write<TResult>(
        StorageFault fault,
        Func<FakeShardState, (FakeShardState? Next, TResult Result)> write,
        Func<TResult> rolledBack,
        Func<TResult> ambiguous)
    {
        lock (_lock)
        {
            return _state.Write(IsAvailable ? fault : StorageFault.RolledBack, write, rolledBack, ambiguous);
        }
    }
}
