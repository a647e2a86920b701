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

    public DecisionLookup Read(TransactionId? id, IdempotencyKey? key) =>
        new(id is { } given ? Find(given) : null, key is null ? null : FindKey(key), Timestamp.Zero);

    public void MarkApplied(TransactionId id, ShardId shard) => _applied.Add((id, shard));

    public IEnumerable<Decision> Unapplied() =>
        _rows.Values.Where(d => d.Outcome.IsCommitted && d.Writers.Any(w => !_applied.Contains((d.Id, w.Shard))));

    private Decision? FindKey(IdempotencyKey? key) => _rows.Values.FirstOrDefault(d => d.Key == key);
}
