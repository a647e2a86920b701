using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Client;

/// <summary>A collection of JSON documents under keys.</summary>
/// <remarks>
/// <para>A key has 1 to 1,024 bytes of UTF-8; what follows its first '/' doesn't move it to another shard, so that keys under one prefix
/// stay together. In a transaction a read locks what it read until the end, and sees the transaction's own writes.</para>
/// <para>Every method throws <see cref="TransactionAbortedException"/> when its transaction can't commit any more;
/// <see cref="TransactionRefusedException"/> when the operation was refused and changed nothing, and the transaction can go on;
/// <see cref="OperationCanceledException"/> when it was cancelled, which dooms its transaction (X2); <see cref="JsonException"/> for a
/// document that isn't a <typeparamref name="T"/>. Thread-safe; await every call before the transaction's body or handler returns.</para>
/// </remarks>
/// <typeparam name="T">What the documents are.</typeparam>
public sealed class StoreCollection<T>
    where T : notnull
{
    /// <summary>How many records a page has unless it is said.</summary>
    public const int DefaultPageSize = 200;

    private readonly PartitionMap _map;
    private readonly StoreSession _session;
    private readonly JsonSerializerOptions _json;

    internal StoreCollection(string name, PartitionMap map, StoreSession session, JsonSerializerOptions json)
    {
        Name = name;
        _map = map;
        _session = session;
        _json = json;
    }

    /// <summary>The collection's name.</summary>
    public string Name { get; }

    /// <summary>Reads a document; the default of <typeparamref name="T"/>, null for classes, when there is none.</summary>
    public async Task<T?> GetAsync(string key, CancellationToken cancellationToken = default) =>
        await FindAsync(key, cancellationToken) is { } found ? found.Value : default;

    /// <summary>Reads a document with what is known of it; null when there is none.</summary>
    public async Task<StoreRecord<T>?> FindAsync(string key, CancellationToken cancellationToken = default) =>
        (await GetManyAsync([key], cancellationToken))[0];

    /// <summary>Reads several documents: one for each key, in that order, null where there is none.</summary>
    /// <param name="keys">1 to 1,000 keys.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public async Task<IReadOnlyList<StoreRecord<T>?>> GetManyAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        ImmutableArray<string> all = [.. keys];
        Timestamp? at = null;
        return await ByShardAsync(all, async (shard, some) =>
        {
            // Outside of a transaction and a snapshot, all shards are read at what the first one chose.
            (OperationResult result, Timestamp? readAt) = await _session.ReadAsync(
                shard, new Operation.Get(Name, some, ForUpdate: false), new SnapshotQuery.Get(Name, some), at, cancellationToken);
            at ??= readAt;
            return result;
        });
    }

    /// <summary>Reads a document to write it later: with an exclusive lock, so that no upgrade can fail. Needs a transaction.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async Task<T?> GetForUpdateAsync(string key, CancellationToken cancellationToken = default) =>
        (await GetManyForUpdateAsync([key], cancellationToken))[0] is { } found ? found.Value : default;

    /// <summary>Reads several documents to write them later, with exclusive locks. Needs a transaction.</summary>
    /// <inheritdoc cref="GetManyAsync"/>
    public Task<IReadOnlyList<StoreRecord<T>?>> GetManyForUpdateAsync(
        IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
        ByShardAsync([.. keys], (shard, some) =>
            _session.ExecuteAsync(shard, new Operation.Get(Name, some, ForUpdate: true), cancellationToken));

    /// <summary>Writes a document, whatever was there. Needs a transaction.</summary>
    public Task PutAsync(string key, T value, CancellationToken cancellationToken = default) =>
        _session.ExecuteAsync(_map.ShardOf(key), new Operation.Put(new(Name, key), Serialize(value)), cancellationToken);

    /// <summary>Writes a document if the key has none. Needs a transaction.</summary>
    /// <returns>Whether it was written.</returns>
    public async Task<bool> InsertIfAbsentAsync(string key, T value, CancellationToken cancellationToken = default)
    {
        Operation insert = new Operation.InsertIfAbsent(new(Name, key), Serialize(value));
        return Expect<OperationResult.Inserted>(await _session.ExecuteAsync(_map.ShardOf(key), insert, cancellationToken)).WasAbsent;
    }

    /// <summary>Removes a document, whether there is one or not. Needs a transaction.</summary>
    public Task DeleteAsync(string key, CancellationToken cancellationToken = default) =>
        _session.ExecuteAsync(_map.ShardOf(key), new Operation.Delete(new(Name, key)), cancellationToken);

    /// <summary>Reads a range in key order, page by page as it is enumerated.</summary>
    /// <remarks>In a transaction nobody inserts into what was read before it ends; else all pages show one moment.</remarks>
    /// <param name="range">The keys.</param>
    /// <param name="pageSize">How many records to ask for at once. 1 to 1,000.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public async IAsyncEnumerable<StoreRecord<T>> ScanAsync(
        ScanRange range, int pageSize = DefaultPageSize, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Timestamp? at = null;
        for (string? from = range.From; from is not null;)
        {
            StorePage<T> page = await ScanPageAsync(range with { From = from }, pageSize, at, cancellationToken);
            foreach (StoreRecord<T> record in page.Records)
            {
                yield return record;
            }

            at = page.ReadTimestamp;
            from = page.Continuation;
        }
    }

    /// <summary>Reads one page of a range.</summary>
    /// <param name="range">The keys; the next page begins at this one's continuation.</param>
    /// <param name="limit">How many records at most. 1 to 1,000.</param>
    /// <param name="at">
    /// Outside of a transaction and a snapshot: the read timestamp of the page before, so that both show one moment; null for the first.
    /// </param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public async Task<StorePage<T>> ScanPageAsync(
        ScanRange range, int limit = DefaultPageSize, Timestamp? at = null, CancellationToken cancellationToken = default)
    {
        KeyRange keys = new(Name, range.From ?? "", range.To);
        (OperationResult result, Timestamp? readAt) = await _session.ReadAsync(
            OnlyShard(), new Operation.Scan(keys, limit), new SnapshotQuery.Scan(keys, limit), at, cancellationToken);
        OperationResult.Scanned scanned = Expect<OperationResult.Scanned>(result);
        return new([.. scanned.Entries.Select(Deserialize)], scanned.Continuation, readAt);
    }

    // Keys of one shard are one operation; the answers come back in the order of the keys.
    private async Task<IReadOnlyList<StoreRecord<T>?>> ByShardAsync(
        ImmutableArray<string> keys, Func<ShardId, ImmutableArray<string>, Task<OperationResult>> ask)
    {
        StoreRecord<T>?[] found = new StoreRecord<T>?[keys.Length];
        foreach (var some in Enumerable.Range(0, keys.Length).GroupBy(i => _map.ShardOf(keys[i])))
        {
            ImmutableArray<int> places = [.. some];
            OperationResult result = await ask(some.Key, [.. places.Select(i => keys[i])]);
            ImmutableArray<Entry?> entries = Expect<OperationResult.Found>(result).Entries;
            if (entries.Length != places.Length)
            {
                throw new InvalidOperationException($"{some.Key} answered {entries.Length} records to {places.Length} keys.");
            }

            for (int i = 0; i < places.Length; i++)
            {
                found[places[i]] = entries[i] is { } entry ? Deserialize(entry) : null;
            }
        }

        return found;
    }

    private ShardId OnlyShard() => _map.Shards is [var only]
        ? only
        : throw new InvalidOperationException($"Service '{_map.Service}' has several shards; this version scans one.");

    private Document Serialize(T value) => new(JsonSerializer.SerializeToUtf8Bytes(value, _json));

    private StoreRecord<T> Deserialize(Entry entry) => new(
        entry.Key,
        JsonSerializer.Deserialize<T>(entry.Value.Utf8.Span, _json)
            ?? throw new JsonException($"The document under '{entry.Key}' in '{Name}' is null, which is no {typeof(T).Name}."),
        entry.CommitTimestamp);

    private static TResult Expect<TResult>(OperationResult result)
        where TResult : OperationResult =>
        result as TResult ?? throw new InvalidOperationException($"The shard answered a {result.GetType().Name}, not a {typeof(TResult).Name}.");
}
