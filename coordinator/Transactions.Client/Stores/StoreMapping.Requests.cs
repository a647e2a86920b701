using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Participant;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

public static partial class StoreMapping
{
    /// <summary>A request as the stream carries it.</summary>
    /// <param name="correlation">Unique among the caller's unanswered requests on the stream.</param>
    /// <param name="context">The transaction of an operation; null for reads at a timestamp.</param>
    /// <param name="call">What is asked.</param>
    public static V1.StoreRequest ToRequest(ulong correlation, V1.SignedContext? context, StoreCall call)
    {
        V1.StoreRequest wire = new() { Correlation = correlation, Context = context };
        switch (call)
        {
            case StoreCall.Execute execute:
                SetOperation(wire, execute);
                break;
            case StoreCall.Read { Query: SnapshotQuery.Get get } read:
                wire.GetAt = new() { Shard = read.Shard.Value, Collection = get.Collection, Keys = { get.Keys } };
                if (read.At is { } getAt)
                {
                    wire.GetAt.At = getAt.Value;
                }

                break;
            case StoreCall.Read { Query: SnapshotQuery.Scan scan } read:
                wire.ScanAt = new() { Shard = read.Shard.Value, Range = ToWire(scan.Range), Limit = scan.Limit };
                if (read.At is { } scanAt)
                {
                    wire.ScanAt.At = scanAt.Value;
                }

                break;
            default:
                throw new InvalidOperationException($"No such call: {call}.");
        }

        return wire;
    }

    /// <summary>Reads a request of the stream; false with a refusal that names the field at fault.</summary>
    /// <remarks>Says nothing of its context, which only an operation needs: see <see cref="ContextVerifier"/>.</remarks>
    public static bool TryRead(
        V1.StoreRequest wire, [NotNullWhen(true)] out StoreCall? call, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        StoreCall.Execute? execute = null;
        StoreCall.Read? read = null;
        bool isRead = wire.OperationCase switch
        {
            V1.StoreRequest.OperationOneofCase.Get => TryRead(wire.Get, forUpdate: false, out execute, out refusal),
            V1.StoreRequest.OperationOneofCase.GetForUpdate => TryRead(wire.GetForUpdate, forUpdate: true, out execute, out refusal),
            V1.StoreRequest.OperationOneofCase.MultiGet => TryRead(wire.MultiGet, out execute, out refusal),
            V1.StoreRequest.OperationOneofCase.Put => TryRead(wire.Put, out execute, out refusal),
            V1.StoreRequest.OperationOneofCase.InsertIfAbsent => TryRead(wire.InsertIfAbsent, out execute, out refusal),
            V1.StoreRequest.OperationOneofCase.Delete => TryRead(wire.Delete, out execute, out refusal),
            V1.StoreRequest.OperationOneofCase.Scan => TryRead(wire.Scan, out execute, out refusal),
            V1.StoreRequest.OperationOneofCase.GetAt => TryRead(wire.GetAt, out read, out refusal),
            V1.StoreRequest.OperationOneofCase.ScanAt => TryRead(wire.ScanAt, out read, out refusal),
            V1.StoreRequest.OperationOneofCase.None => Missing("operation", out refusal),
        };
        call = (StoreCall?)execute ?? read;
        return isRead;
    }

    /// <summary>Reads a Get, or a GetForUpdate; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.GetRequest wire,
        bool forUpdate,
        [NotNullWhen(true)] out StoreCall.Execute? call,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        return TryMake(wire.Shard, wire.Number, new Operation.Get(wire.Collection, [wire.Key], forUpdate), out call, out refusal);
    }

    /// <summary>Reads a MultiGet; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.MultiGetRequest wire, [NotNullWhen(true)] out StoreCall.Execute? call, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        return TryMake(
            wire.Shard, wire.Number, new Operation.Get(wire.Collection, [.. wire.Keys], wire.ForUpdate), out call, out refusal);
    }

    /// <summary>Reads a Put; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.PutRequest wire, [NotNullWhen(true)] out StoreCall.Execute? call, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        Operation.Put put = new(new(wire.Collection, wire.Key), ToDocument(wire.Value));
        return TryMake(wire.Shard, wire.Number, put, out call, out refusal);
    }

    /// <summary>Reads an InsertIfAbsent; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.InsertIfAbsentRequest wire, [NotNullWhen(true)] out StoreCall.Execute? call, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        Operation.InsertIfAbsent insert = new(new(wire.Collection, wire.Key), ToDocument(wire.Value));
        return TryMake(wire.Shard, wire.Number, insert, out call, out refusal);
    }

    /// <summary>Reads a Delete; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.DeleteRequest wire, [NotNullWhen(true)] out StoreCall.Execute? call, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        return TryMake(wire.Shard, wire.Number, new Operation.Delete(new(wire.Collection, wire.Key)), out call, out refusal);
    }

    /// <summary>Reads a Scan; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.ScanRequest wire, [NotNullWhen(true)] out StoreCall.Execute? call, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        call = null;
        return TryRead(wire.Range, out KeyRange range, out refusal)
            && TryMake(wire.Shard, wire.Number, new Operation.Scan(range, wire.Limit), out call, out refusal);
    }

    /// <summary>Reads a GetAt; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.GetAtRequest wire, [NotNullWhen(true)] out StoreCall.Read? call, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        call = null;
        if (!OperationMapping.TryReadShard(wire.Shard, out ShardId shard, out refusal)
            || !TryReadTimestamp(wire.HasAt, wire.At, "at", out Timestamp? at, out refusal))
        {
            return false;
        }

        call = new(shard, at, new SnapshotQuery.Get(wire.Collection, [.. wire.Keys]));
        return true;
    }

    /// <summary>Reads a ScanAt; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.ScanAtRequest wire, [NotNullWhen(true)] out StoreCall.Read? call, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        call = null;
        if (!OperationMapping.TryReadShard(wire.Shard, out ShardId shard, out refusal)
            || !TryRead(wire.Range, out KeyRange range, out refusal)
            || !TryReadTimestamp(wire.HasAt, wire.At, "at", out Timestamp? at, out refusal))
        {
            return false;
        }

        call = new(shard, at, new SnapshotQuery.Scan(range, wire.Limit));
        return true;
    }

    private static void SetOperation(V1.StoreRequest wire, StoreCall.Execute call)
    {
        string shard = call.Shard.Value;
        V1.OperationNumber number = OperationMapping.ToWire(call.Number);
        switch (call.Operation)
        {
            case Operation.Get { Keys: [string key], ForUpdate: false } get:
                wire.Get = new() { Shard = shard, Number = number, Collection = get.Collection, Key = key };
                break;
            case Operation.Get { Keys: [string key] } get:
                wire.GetForUpdate = new() { Shard = shard, Number = number, Collection = get.Collection, Key = key };
                break;
            case Operation.Get get:
                wire.MultiGet = new()
                {
                    Shard = shard, Number = number, Collection = get.Collection, Keys = { get.Keys }, ForUpdate = get.ForUpdate,
                };
                break;
            case Operation.Put put:
                wire.Put = new()
                {
                    Shard = shard,
                    Number = number,
                    Collection = put.Record.Collection,
                    Key = put.Record.Key,
                    Value = ToWire(put.Value),
                };
                break;
            case Operation.InsertIfAbsent insert:
                wire.InsertIfAbsent = new()
                {
                    Shard = shard,
                    Number = number,
                    Collection = insert.Record.Collection,
                    Key = insert.Record.Key,
                    Value = ToWire(insert.Value),
                };
                break;
            case Operation.Delete delete:
                wire.Delete = new()
                {
                    Shard = shard, Number = number, Collection = delete.Record.Collection, Key = delete.Record.Key,
                };
                break;
            case Operation.Scan scan:
                wire.Scan = new() { Shard = shard, Number = number, Range = ToWire(scan.Range), Limit = scan.Limit };
                break;
            default:
                throw new InvalidOperationException($"No such operation: {call.Operation.GetType().Name}.");
        }
    }

    private static bool TryMake(
        string wireShard,
        V1.OperationNumber? wireNumber,
        Operation operation,
        [NotNullWhen(true)] out StoreCall.Execute? call,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        call = null;
        if (!OperationMapping.TryReadShard(wireShard, out ShardId shard, out refusal)
            || !OperationMapping.TryRead(wireNumber, out OperationNumber number, out refusal))
        {
            return false;
        }

        call = new(shard, number, operation);
        return true;
    }

    private static V1.KeyRange ToWire(KeyRange range)
    {
        V1.KeyRange wire = new() { Collection = range.Collection, From = range.From };
        if (range.To is { } to)
        {
            wire.To = to;
        }

        return wire;
    }

    private static bool TryRead(V1.KeyRange? wire, out KeyRange range, [NotNullWhen(false)] out Refusal? refusal)
    {
        range = wire is null ? default : new(wire.Collection, wire.From, wire.HasTo ? wire.To : null);
        refusal = wire is null ? Refusal.Invalid("range", "range is missing; send it.") : null;
        return refusal is null;
    }

    private static bool Missing(string field, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = Refusal.Invalid(field, $"{field} is missing, or of a later version of the protocol; send one of this version.");
        return false;
    }
}
