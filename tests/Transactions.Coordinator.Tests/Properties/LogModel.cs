using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Properties;

/// <summary>The decision log: a write-once register for each id and each key (D1, D6).</summary>
public sealed class LogModel
{
    private readonly SortedDictionary<TransactionId, Decision> _rows = [];
    private readonly HashSet<(TransactionId Id, ShardId Shard)> _applied = [];

    public Decision? Find(TransactionId id) => _rows.GetValueOrDefault(id);

    public RegisterContent Insert(Decision decision)
    {
        if (Find(decision.Id) is { } held)
        {
            return new RegisterContent.ById(held);
        }

        if (decision.Key is not null && FindKey(decision.Key) is { } holder)
        {
            return new RegisterContent.ByKey(holder);
        }

        _rows.Add(decision.Id, decision);
        return new RegisterContent.ById(decision);
    }

    public IEnumerable<Decision> Unapplied() =>
        _rows.Values.Where(d => d.Outcome.IsCommitted && d.Writers.Any(w => !_applied.Contains((d.Id, w.Shard))));

    /// <summary>Does what a machine wants of the log, or fails at it, as chance has it.</summary>
    public CoordinatorEvent Answer(CoordinatorEffect effect, int chance) => effect switch
    {
        CoordinatorEffect.Record record => new CoordinatorEvent.Recorded(record.Batch, Record(record, chance)),
        CoordinatorEffect.Read read => new CoordinatorEvent.DecisionRead(
            read.Request, chance % 4 == 3 ? null : Read(read.Id, read.Key)),
        CoordinatorEffect.MarkApplied mark => new CoordinatorEvent.MarkedApplied(mark.Batch, Mark(mark, chance)),
        CoordinatorEffect.FindUnapplied => new CoordinatorEvent.UnappliedFound(chance % 4 == 3 ? null : [.. Unapplied()]),
        _ => throw new ArgumentException(effect.GetType().Name),
    };

    private RecordResult Record(CoordinatorEffect.Record record, int chance)
    {
        switch (chance % 6)
        {
            case 3:
                return new RecordResult.RolledBack(IsTransient: chance % 4 != 0, "scripted");
            case 4:
                return new RecordResult.Ambiguous("lost before it was written");
            case 5:
                _ = record.Decisions.Select(Insert).ToArray();
                return new RecordResult.Ambiguous("written, and the answer lost");
            default:
                return new RecordResult.Committed([.. record.Decisions.Select(Insert)]);
        }
    }

    private bool Mark(CoordinatorEffect.MarkApplied mark, int chance)
    {
        if (chance % 4 == 3)
        {
            return false;
        }

        _applied.UnionWith(mark.Applied);
        return true;
    }

    private DecisionLookup Read(TransactionId? id, IdempotencyKey? key) =>
        new(id is { } given ? Find(given) : null, key is null ? null : FindKey(key), Timestamp.Zero);

    private Decision? FindKey(IdempotencyKey? key) => _rows.Values.FirstOrDefault(d => d.Key == key);
}
