using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf.Collections;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Participant;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

public static partial class StoreMapping
{
    /// <summary>A reply as the stream carries it.</summary>
    /// <param name="correlation">The request's.</param>
    /// <param name="asked">Which kind of request it answers: one reply can fit several.</param>
    /// <param name="answer">What the shard answered.</param>
    /// <exception cref="BrokenInvariantException">The answer isn't one to that kind of request.</exception>
    public static V1.StoreReply ToReply(ulong correlation, V1.StoreRequest.OperationOneofCase asked, ShardAnswer answer)
    {
        V1.StoreReply reply = new() { Correlation = correlation };
        switch (answer)
        {
            case ShardAnswer.Refused refused:
                reply.Refused = ToRefusal(refused);
                break;
            case ShardAnswer.Admitted admitted:
                SetResult(reply, asked, admitted);
                break;
            case ShardAnswer.Read read:
                SetResult(reply, asked, read);
                break;
            default:
                throw new InvalidOperationException($"No such answer: {answer}.");
        }

        return reply;
    }

    /// <summary>A refusal as the stream carries it.</summary>
    public static V1.StoreRefusal ToRefusal(ShardAnswer.Refused refused)
    {
        ArgumentNullException.ThrowIfNull(refused);
        return new()
        {
            Status = RefusalMapping.ToStatus(refused.Refusal),
            Admitted = refused.AdmittedBy is { } owner ? OperationMapping.ToAdmitted(owner, wrote: false) : null,
        };
    }

    /// <summary>The answer to Get and GetForUpdate.</summary>
    public static V1.GetReply ToGetReply(ShardAnswer.Admitted answer) => new()
    {
        Admitted = ToAdmitted(answer),
        Entry = Result<OperationResult.Found>(answer.Result).Entries is [var entry] && entry is { } found ? ToWire(found) : null,
    };

    /// <summary>The answer to MultiGet.</summary>
    public static V1.MultiGetReply ToMultiGetReply(ShardAnswer.Admitted answer) => new()
    {
        Admitted = ToAdmitted(answer),
        Found = { Result<OperationResult.Found>(answer.Result).Entries.Select(ToLookup) },
    };

    /// <summary>The answer to Put.</summary>
    public static V1.PutReply ToPutReply(ShardAnswer.Admitted answer) => new() { Admitted = ToAdmitted(answer) };

    /// <summary>The answer to InsertIfAbsent.</summary>
    public static V1.InsertIfAbsentReply ToInsertIfAbsentReply(ShardAnswer.Admitted answer) => new()
    {
        Admitted = ToAdmitted(answer),
        Inserted = Result<OperationResult.Inserted>(answer.Result).WasAbsent,
    };

    /// <summary>The answer to Delete.</summary>
    public static V1.DeleteReply ToDeleteReply(ShardAnswer.Admitted answer) => new() { Admitted = ToAdmitted(answer) };

    /// <summary>The answer to Scan.</summary>
    public static V1.ScanReply ToScanReply(ShardAnswer.Admitted answer)
    {
        var scanned = Result<OperationResult.Scanned>(answer.Result);
        V1.ScanReply reply = new() { Admitted = ToAdmitted(answer), Entries = { scanned.Entries.Select(ToWire) } };
        if (scanned.Continuation is { } continuation)
        {
            reply.Continuation = continuation;
        }

        return reply;
    }

    /// <summary>The answer to GetAt.</summary>
    public static V1.GetAtReply ToGetAtReply(ShardAnswer.Read answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return new()
        {
            ReadTimestamp = answer.ReadTimestamp.Value,
            Found = { Result<OperationResult.Found>(answer.Result).Entries.Select(ToLookup) },
        };
    }

    /// <summary>The answer to ScanAt.</summary>
    public static V1.ScanAtReply ToScanAtReply(ShardAnswer.Read answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var scanned = Result<OperationResult.Scanned>(answer.Result);
        V1.ScanAtReply reply = new()
        {
            ReadTimestamp = answer.ReadTimestamp.Value,
            Entries = { scanned.Entries.Select(ToWire) },
        };
        if (scanned.Continuation is { } continuation)
        {
            reply.Continuation = continuation;
        }

        return reply;
    }

    /// <summary>Reads a reply of the stream; false with a refusal that names the field at fault.</summary>
    /// <remarks>A reply that can't be read says nothing of what became of its request (X2).</remarks>
    public static bool TryRead(
        V1.StoreReply wire, [NotNullWhen(true)] out ShardAnswer? answer, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        answer = null;
        return wire.ResultCase switch
        {
            V1.StoreReply.ResultOneofCase.Get =>
                TryRead(wire.Get.Entry, out Entry? found, out refusal)
                && TryAdmit(wire.Get.Admitted, new OperationResult.Found([found]), out answer, out refusal),
            V1.StoreReply.ResultOneofCase.MultiGet =>
                TryRead(wire.MultiGet.Found, out var found, out refusal)
                && TryAdmit(wire.MultiGet.Admitted, new OperationResult.Found(found), out answer, out refusal),
            V1.StoreReply.ResultOneofCase.Put =>
                TryAdmit(wire.Put.Admitted, OperationResult.Done.Instance, out answer, out refusal),
            V1.StoreReply.ResultOneofCase.InsertIfAbsent =>
                TryAdmit(
                    wire.InsertIfAbsent.Admitted,
                    new OperationResult.Inserted(wire.InsertIfAbsent.Inserted),
                    out answer,
                    out refusal),
            V1.StoreReply.ResultOneofCase.Delete =>
                TryAdmit(wire.Delete.Admitted, OperationResult.Done.Instance, out answer, out refusal),
            V1.StoreReply.ResultOneofCase.Scan =>
                TryRead(wire.Scan.Entries, out ImmutableArray<Entry> entries, out refusal)
                && TryAdmit(
                    wire.Scan.Admitted,
                    new OperationResult.Scanned(entries, wire.Scan.HasContinuation ? wire.Scan.Continuation : null),
                    out answer,
                    out refusal),
            V1.StoreReply.ResultOneofCase.GetAt =>
                TryRead(wire.GetAt.Found, out var found, out refusal)
                && TryReadAt(wire.GetAt.ReadTimestamp, new OperationResult.Found(found), out answer, out refusal),
            V1.StoreReply.ResultOneofCase.ScanAt =>
                TryRead(wire.ScanAt.Entries, out ImmutableArray<Entry> entries, out refusal)
                && TryReadAt(
                    wire.ScanAt.ReadTimestamp,
                    new OperationResult.Scanned(entries, wire.ScanAt.HasContinuation ? wire.ScanAt.Continuation : null),
                    out answer,
                    out refusal),
            V1.StoreReply.ResultOneofCase.Refused => TryRead(wire.Refused, out answer, out refusal),
            V1.StoreReply.ResultOneofCase.None => Missing("result", out refusal),
        };
    }

    private static void SetResult(V1.StoreReply reply, V1.StoreRequest.OperationOneofCase asked, ShardAnswer.Admitted answer)
    {
        switch (asked)
        {
            case V1.StoreRequest.OperationOneofCase.Get or V1.StoreRequest.OperationOneofCase.GetForUpdate:
                reply.Get = ToGetReply(answer);
                break;
            case V1.StoreRequest.OperationOneofCase.MultiGet:
                reply.MultiGet = ToMultiGetReply(answer);
                break;
            case V1.StoreRequest.OperationOneofCase.Put:
                reply.Put = ToPutReply(answer);
                break;
            case V1.StoreRequest.OperationOneofCase.InsertIfAbsent:
                reply.InsertIfAbsent = ToInsertIfAbsentReply(answer);
                break;
            case V1.StoreRequest.OperationOneofCase.Delete:
                reply.Delete = ToDeleteReply(answer);
                break;
            case V1.StoreRequest.OperationOneofCase.Scan:
                reply.Scan = ToScanReply(answer);
                break;
            default:
                throw new BrokenInvariantException($"only an operation is admitted, not {asked}");
        }
    }

    private static void SetResult(V1.StoreReply reply, V1.StoreRequest.OperationOneofCase asked, ShardAnswer.Read answer)
    {
        if (asked == V1.StoreRequest.OperationOneofCase.GetAt)
        {
            reply.GetAt = ToGetAtReply(answer);
        }
        else
        {
            Invariant.Holds(asked == V1.StoreRequest.OperationOneofCase.ScanAt, "only a read at a timestamp is answered as one");
            reply.ScanAt = ToScanAtReply(answer);
        }
    }

    private static V1.Admitted ToAdmitted(ShardAnswer.Admitted answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return OperationMapping.ToAdmitted(answer.Owner, answer.Wrote);
    }

    private static V1.Entry ToWire(Entry entry) =>
        new() { Key = entry.Key, Value = ToWire(entry.Value), CommitTimestamp = entry.CommitTimestamp.Value };

    private static V1.Lookup ToLookup(Entry? entry) => new() { Entry = entry is { } found ? ToWire(found) : null };

    private static T Result<T>(OperationResult result)
        where T : OperationResult =>
        result as T ?? throw new BrokenInvariantException($"a {typeof(T).Name} is answered, not a {result.GetType().Name}");

    private static bool TryAdmit(
        V1.Admitted? wire,
        OperationResult result,
        [NotNullWhen(true)] out ShardAnswer? answer,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        bool isRead = OperationMapping.TryRead(wire, out ShardGeneration owner, out bool wrote, out refusal);
        answer = isRead ? new ShardAnswer.Admitted(owner, result, wrote) : null;
        return isRead;
    }

    private static bool TryReadAt(
        long wire,
        OperationResult result,
        [NotNullWhen(true)] out ShardAnswer? answer,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        bool isRead = TryReadTimestamp(true, wire, "read_timestamp", out Timestamp? at, out refusal);
        answer = isRead ? new ShardAnswer.Read(at!.Value, result) : null;
        return isRead;
    }

    private static bool TryRead(
        V1.StoreRefusal wire, [NotNullWhen(true)] out ShardAnswer? answer, [NotNullWhen(false)] out Refusal? refusal)
    {
        answer = null;
        ShardGeneration owner = default;
        if (wire.Admitted is not null && !OperationMapping.TryRead(wire.Admitted, out owner, out _, out refusal))
        {
            return false;
        }

        if (RefusalMapping.FromStatus(wire.Status) is not { } refused)
        {
            return Missing("refused.status", out refusal);
        }

        refusal = null;
        answer = new ShardAnswer.Refused(refused, wire.Admitted is null ? null : owner);
        return true;
    }

    private static bool TryRead(V1.Entry? wire, out Entry? entry, [NotNullWhen(false)] out Refusal? refusal)
    {
        // Zero is the transaction's own write, which isn't committed yet.
        refusal = wire is { CommitTimestamp: < 0 }
            ? Refusal.Invalid("entry.commit_timestamp", $"entry.commit_timestamp is {wire.CommitTimestamp}; send zero or more.")
            : null;
        entry = wire is null ? null : new Entry(wire.Key, ToDocument(wire.Value), new Timestamp(wire.CommitTimestamp));
        return refusal is null;
    }

    private static bool TryRead(
        RepeatedField<V1.Lookup> wire, out ImmutableArray<Entry?> found, [NotNullWhen(false)] out Refusal? refusal)
    {
        var read = ImmutableArray.CreateBuilder<Entry?>(wire.Count);
        refusal = null;
        found = [];
        foreach (V1.Lookup lookup in wire)
        {
            if (!TryRead(lookup.Entry, out Entry? entry, out refusal))
            {
                return false;
            }

            read.Add(entry);
        }

        found = read.MoveToImmutable();
        return true;
    }

    private static bool TryRead(
        RepeatedField<V1.Entry> wire, out ImmutableArray<Entry> entries, [NotNullWhen(false)] out Refusal? refusal)
    {
        var read = ImmutableArray.CreateBuilder<Entry>(wire.Count);
        refusal = null;
        entries = [];
        foreach (V1.Entry one in wire)
        {
            if (!TryRead(one, out Entry? entry, out refusal))
            {
                return false;
            }

            read.Add(entry!.Value);
        }

        entries = read.MoveToImmutable();
        return true;
    }
}
