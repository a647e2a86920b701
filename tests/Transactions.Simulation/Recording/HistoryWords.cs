using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Transactions.Histories;
using Transactions.Model;
using Transactions.Participant;
using Done = Transactions.Histories.Operation;
using Operation = Transactions.Participant.Operation;

namespace Transactions.Simulation;

/// <summary>Puts the operations of a run into the words of a history: keys with their shard, values as integers, lists as elements.</summary>
internal sealed class HistoryWords
{
    private readonly Dictionary<(ShardId Shard, RecordKey Record), string> _names = [];
    private readonly Dictionary<Document, long> _numbers = [];
    private readonly Dictionary<Document, ImmutableArray<long>> _lists = [];
    private long _lastNumber;

    /// <summary>An integer that no other value of this history is.</summary>
    public long NextNumber() => ++_lastNumber;

    /// <summary>What an operation would write, if it is admitted.</summary>
    public void AddTried(List<Done> to, ShardId shard, Operation operation)
    {
        switch (operation)
        {
            case Operation.Put put:
                to.Add(Written(shard, put.Record, put.Value));
                break;
            case Operation.InsertIfAbsent insert:
                to.Add(Written(shard, insert.Record, insert.Value));
                break;
            case Operation.Delete delete:
                to.Add(Done.Write(Name(shard, delete.Record), null));
                break;
            default:
                break;
        }
    }

    /// <summary>What an admitted operation did.</summary>
    public void AddDone(List<Done> to, ShardId shard, Operation operation, OperationResult result)
    {
        switch (operation, result)
        {
            case (Operation.Get get, OperationResult.Found found):
                AddFound(to, shard, get.Collection, get.Keys, found);
                break;
            case (Operation.Scan scan, OperationResult.Scanned scanned):
                AddScanned(to, shard, scan.Range, scanned);
                break;
            case (Operation.InsertIfAbsent insert, OperationResult.Inserted { WasAbsent: true }):
                to.Add(Done.Read(Name(shard, insert.Record)));
                AddTried(to, shard, operation);
                break;

            // It was there, and what it was isn't told: the observer alone checks that.
            case (Operation.InsertIfAbsent, _):
                break;
            default:
                AddTried(to, shard, operation);
                break;
        }
    }

    /// <summary>What a snapshot read found.</summary>
    public void AddRead(List<Done> to, ShardId shard, SnapshotQuery query, OperationResult result)
    {
        switch (query, result)
        {
            case (SnapshotQuery.Get get, OperationResult.Found found):
                AddFound(to, shard, get.Collection, get.Keys, found);
                break;
            case (SnapshotQuery.Scan scan, OperationResult.Scanned scanned):
                AddScanned(to, shard, scan.Range, scanned);
                break;
            default:
                throw new InvalidOperationException($"No answer to {query}: {result}.");
        }
    }

    private void AddFound(List<Done> to, ShardId shard, string collection, ImmutableArray<string> keys, OperationResult.Found found)
    {
        for (int i = 0; i < keys.Length; i++)
        {
            string name = Name(shard, new RecordKey(collection, keys[i]));
            to.Add(found.Entries[i] is not { } entry ? Done.Read(name)
                : IsList(collection) ? Done.Read(name, ListOf(entry.Value))
                : Done.Read(name, NumberOf(entry.Value)));
        }
    }

    private void AddScanned(List<Done> to, ShardId shard, KeyRange range, OperationResult.Scanned scanned)
    {
        ImmutableArray<ScanEntry>.Builder entries = ImmutableArray.CreateBuilder<ScanEntry>(scanned.Entries.Length);
        foreach (Entry entry in scanned.Entries)
        {
            string name = Name(shard, new RecordKey(range.Collection, entry.Key));
            entries.Add(IsList(range.Collection)
                ? new ScanEntry(name, ListOf(entry.Value))
                : new ScanEntry(name, NumberOf(entry.Value)));
        }

        // '0' is what comes after '/': the end of a collection.
        string? end = scanned.Continuation ?? range.To;
        to.Add(Done.Scan(
            $"{shard} {range.Collection}/{range.From}",
            end is null ? $"{shard} {range.Collection}0" : $"{shard} {range.Collection}/{end}",
            entries.DrainToImmutable()));
    }

    private Done Written(ShardId shard, RecordKey record, Document value) => IsList(record.Collection)
        ? Done.Append(Name(shard, record), ListOf(value)[^1])
        : Done.Write(Name(shard, record), NumberOf(value));

    private string Name(ShardId shard, RecordKey record)
    {
        ref string? name = ref CollectionsMarshal.GetValueRefOrAddDefault(_names, (shard, record), out _);
        return name ??= string.Create(CultureInfo.InvariantCulture, $"{shard} {record.Collection}/{record.Key}");
    }

    private static bool IsList(string collection) => collection == Lists.Collection;

    private ImmutableArray<long> ListOf(Document document)
    {
        ref ImmutableArray<long> list = ref CollectionsMarshal.GetValueRefOrAddDefault(_lists, document, out bool isKnown);
        if (!isKnown)
        {
            list = Lists.ElementsOf(document);
        }

        return list;
    }

    private long NumberOf(Document document)
    {
        ref long number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, document, out bool isKnown);
        if (!isKnown)
        {
            number = Registers.TryRead(document, out long own) ? own : NextNumber();
        }

        return number;
    }
}
