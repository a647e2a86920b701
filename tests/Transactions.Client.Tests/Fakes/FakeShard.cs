using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client.Tests;

// A shard without locks: keeps versions, and what transactions wrote until they commit.
internal sealed class FakeShard(ShardId shard) : IShardConnection, ILocalShards
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<RecordKey, List<(Timestamp At, Document? Value)>> _versions = [];
    private readonly Dictionary<TransactionId, Dictionary<RecordKey, Document?>> _buffers = [];

    public ShardId Shard => shard;

    public Generation Generation { get; set; } = new(1);

    public List<(TransactionContext Context, OperationNumber Number, Operation Operation)> Seen { get; } = [];

    public List<Timestamp?> ReadsAt { get; } = [];

    // Answers instead, where it answers; may wait or throw.
    public Func<Operation, CancellationToken, Task<ShardAnswer?>>? Instead { get; set; }

    public Func<SnapshotQuery, Task<ShardAnswer?>>? InsteadOfRead { get; set; }

    public static Timestamp Now => Timestamp.FromInstant(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()));

    public IShardConnection? Find(ShardId wanted) => wanted == shard ? this : null;

    public async Task<ShardAnswer> ExecuteAsync(
        TransactionContext context,
        V1.SignedContext signed,
        OperationNumber number,
        Operation operation,
        CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Seen.Add((context, number, operation));
        }

        if (Instead is { } instead && await instead(operation, cancellationToken) is { } answer)
        {
            return answer;
        }

        lock (_lock)
        {
            return Execute(context.Id, operation);
        }
    }

    public async Task<ShardAnswer> ReadAsync(Timestamp? at, SnapshotQuery query, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ReadsAt.Add(at);
        }

        if (InsteadOfRead is { } instead && await instead(query) is { } answer)
        {
            return answer;
        }

        Timestamp chosen = at ?? Now;
        lock (_lock)
        {
            return new ShardAnswer.Read(chosen, query switch
            {
                SnapshotQuery.Get get => new OperationResult.Found([.. get.Keys.Select(k => Find(default, chosen, new(get.Collection, k)))]),
                SnapshotQuery.Scan scan => Scan(default, chosen, scan.Range, scan.Limit),
                _ => throw new InvalidOperationException(),
            });
        }
    }

    public void Commit(TransactionId id, Timestamp at)
    {
        lock (_lock)
        {
            foreach ((RecordKey record, Document? value) in _buffers.GetValueOrDefault(id) ?? [])
            {
                Versions(record).Add((at, value));
            }

            _buffers.Remove(id);
        }
    }

    public ShardAnswer.Admitted Admit(OperationResult result, bool wrote = false) => new(new(shard, Generation), result, wrote);

    private ShardAnswer.Admitted Execute(TransactionId id, Operation operation)
    {
        switch (operation)
        {
            case Operation.Get get:
                return Admit(new OperationResult.Found([.. get.Keys.Select(k => Find(id, Timestamp.MaxValue, new(get.Collection, k)))]));
            case Operation.Put put:
                Buffer(id)[put.Record] = put.Value;
                return Admit(OperationResult.Done.Instance, wrote: true);
            case Operation.InsertIfAbsent insert:
                bool isAbsent = Find(id, Timestamp.MaxValue, insert.Record) is null;
                if (isAbsent)
                {
                    Buffer(id)[insert.Record] = insert.Value;
                }

                return Admit(new OperationResult.Inserted(isAbsent), isAbsent);
            case Operation.Delete delete:
                Buffer(id)[delete.Record] = null;
                return Admit(OperationResult.Done.Instance, wrote: true);
            case Operation.Scan scan:
                return Admit(Scan(id, Timestamp.MaxValue, scan.Range, scan.Limit));
            default:
                throw new InvalidOperationException();
        }
    }

    private OperationResult.Scanned Scan(TransactionId id, Timestamp at, KeyRange range, int limit)
    {
        var all = _versions.Keys.Concat(_buffers.GetValueOrDefault(id)?.Keys.AsEnumerable() ?? []).Distinct().Order()
            .Where(range.Contains).Select(r => Find(id, at, r)).OfType<Entry>().ToList();
        return new([.. all.Take(limit)], all.Count > limit ? all[limit].Key : null);
    }

    private Entry? Find(TransactionId id, Timestamp at, RecordKey record)
    {
        if (_buffers.GetValueOrDefault(id)?.TryGetValue(record, out Document? own) == true)
        {
            return own is { } value ? new Entry(record.Key, value, Timestamp.Zero) : null;
        }

        (Timestamp At, Document? Value)[] seen = [.. Versions(record).Where(v => v.At <= at)];
        return seen is [.., { Value: { } last } version] ? new Entry(record.Key, last, version.At) : null;
    }

    private List<(Timestamp At, Document? Value)> Versions(RecordKey record) =>
        _versions.TryGetValue(record, out var known) ? known : _versions[record] = [];

    private Dictionary<RecordKey, Document?> Buffer(TransactionId id) =>
        _buffers.TryGetValue(id, out var known) ? known : _buffers[id] = [];
}
