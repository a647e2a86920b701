using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>A client's smaller calls between wire and model: Begin, Heartbeat, GetOutcome, GetTimestamp.</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class ClientCallMapping
{
    /// <summary>A Begin as it is sent.</summary>
    public static V1.BeginRequest ToWire(BeginTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        V1.BeginRequest wire = new() { Client = terms.Client };
        if (terms.Timeout is { } timeout)
        {
            wire.Timeout = Check.ToWire(timeout);
        }

        if (terms.Priority is { } priority)
        {
            wire.Priority = priority.Value;
        }

        return wire;
    }

    /// <summary>Reads a Begin; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.BeginRequest wire, [NotNullWhen(true)] out BeginTerms? terms, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        terms = null;
        Duration timeout = default;
        Timestamp priority = default;
        if (!Check.Text(wire.Client, TransactionContext.MaxClientLength, "client", out refusal)
            || (wire.Timeout is not null && !Check.Duration(wire.Timeout, "timeout", out timeout, out refusal))
            || (wire.HasPriority && !Check.Timestamp(wire.Priority, "priority", out priority, out refusal)))
        {
            return false;
        }

        terms = new(wire.Client, wire.Timeout is null ? null : timeout, wire.HasPriority ? priority : null);
        return true;
    }

    /// <summary>A heartbeat as it is sent.</summary>
    public static V1.HeartbeatRequest ToHeartbeat(string client, IEnumerable<TransactionId> ids)
    {
        V1.HeartbeatRequest wire = new() { Client = client };
        wire.Transactions.AddRange(ids.Select(Check.ToWire));
        return wire;
    }

    /// <summary>Reads a heartbeat; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.HeartbeatRequest wire, out ImmutableArray<TransactionId> ids, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        ids = [];
        if (!Check.Text(wire.Client, TransactionContext.MaxClientLength, "client", out refusal)
            || !Check.Count(wire.Transactions.Count, WireLimits.MaxHeartbeats, "transactions", out refusal))
        {
            return false;
        }

        var read = ImmutableArray.CreateBuilder<TransactionId>(wire.Transactions.Count);
        for (int i = 0; i < wire.Transactions.Count; i++)
        {
            if (!Check.TransactionId(wire.Transactions[i], $"transactions[{i}]", out TransactionId id, out refusal))
            {
                return false;
            }

            read.Add(id);
        }

        ids = read.MoveToImmutable();
        return true;
    }

    /// <summary>The answer to a heartbeat.</summary>
    public static V1.HeartbeatReply ToHeartbeatReply(IEnumerable<(TransactionId Id, AbortReason Reason)> ended)
    {
        V1.HeartbeatReply wire = new();
        wire.Ended.AddRange(ended.Select(
            e => new V1.EndedTransaction { Transaction = Check.ToWire(e.Id), Reason = OutcomeMapping.ToWire(e.Reason) }));
        return wire;
    }

    /// <summary>Reads the answer to a heartbeat; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.HeartbeatReply wire,
        out ImmutableArray<(TransactionId Id, AbortReason Reason)> ended,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        ended = [];
        if (!Check.Count(wire.Ended.Count, WireLimits.MaxHeartbeats, "ended", out refusal))
        {
            return false;
        }

        var read = ImmutableArray.CreateBuilder<(TransactionId Id, AbortReason Reason)>(wire.Ended.Count);
        for (int i = 0; i < wire.Ended.Count; i++)
        {
            V1.EndedTransaction one = wire.Ended[i];
            if (!Check.TransactionId(one.Transaction, $"ended[{i}].transaction", out TransactionId id, out refusal)
                || !Check.Reason(one.Reason, $"ended[{i}].reason", out AbortReason reason, out refusal))
            {
                return false;
            }

            read.Add((id, reason));
        }

        ended = read.MoveToImmutable();
        return true;
    }

    /// <summary>Asks for the outcome of a transaction.</summary>
    public static V1.GetOutcomeRequest ToOutcomeRequest(TransactionId id) => new() { Transaction = Check.ToWire(id) };

    /// <summary>Asks for the outcome under a business request's key.</summary>
    public static V1.GetOutcomeRequest ToOutcomeRequest(IdempotencyKey key) =>
        new() { Key = new() { Client = key.Client, Key = key.Key } };

    /// <summary>Reads who is asked for: exactly one of id and key; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.GetOutcomeRequest wire, out TransactionId? id, out IdempotencyKey? key, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        id = null;
        key = null;
        switch (wire.AskedCase)
        {
            case V1.GetOutcomeRequest.AskedOneofCase.Transaction:
                if (!Check.TransactionId(wire.Transaction, "transaction", out TransactionId read, out refusal))
                {
                    return false;
                }

                id = read;
                return true;

            case V1.GetOutcomeRequest.AskedOneofCase.Key:
                if (!Check.Text(wire.Key.Client, TransactionContext.MaxClientLength, "key.client", out refusal)
                    || !Check.Text(wire.Key.Key, IdempotencyKey.MaxLength, "key.key", out refusal))
                {
                    return false;
                }

                key = new(wire.Key.Client, wire.Key.Key);
                return true;

            case V1.GetOutcomeRequest.AskedOneofCase.None:
            default:
                refusal = Refusal.Invalid("transaction", "Neither transaction nor key is there; send one of them.");
                return false;
        }
    }

    /// <summary>The answer to GetTimestamp.</summary>
    public static V1.GetTimestampReply ToTimestampReply(Timestamp timestamp, ClockInterval clock) =>
        new() { Timestamp = timestamp.Value, Earliest = clock.Earliest.Value, Latest = clock.Latest.Value };

    /// <summary>Reads the answer to GetTimestamp; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.GetTimestampReply wire, out Timestamp timestamp, out ClockInterval clock, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(wire);
        clock = default;
        return Check.Timestamp(wire.Timestamp, "timestamp", out timestamp, out refusal)
            && Check.Clock(wire.Earliest, wire.Latest, out clock, out refusal);
    }
}
