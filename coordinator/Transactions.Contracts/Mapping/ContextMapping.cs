using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>Contexts between wire and model (X1). Says nothing of signatures: see <see cref="ContextVerifier"/>.</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class ContextMapping
{
    /// <summary>A context as it is sent.</summary>
    /// <param name="context">The transaction.</param>
    /// <param name="keyEpoch">The epoch of the key that will sign it; zero where nothing is signed.</param>
    public static V1.TransactionContext ToWire(TransactionContext context, int keyEpoch = 0)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new()
        {
            Id = Check.ToWire(context.Id),
            Priority = context.Priority.Value,
            Deadline = context.Deadline.Value,
            Coordinator = context.Coordinator.Name,
            Incarnation = context.Coordinator.Incarnation.Value,
            Client = context.Client,
            KeyEpoch = keyEpoch,
        };
    }

    /// <summary>Reads a context; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.TransactionContext? wire,
        [NotNullWhen(true)] out TransactionContext? context,
        [NotNullWhen(false)] out Refusal? refusal,
        string field = "context")
    {
        context = null;
        if (!Check.Present(wire, field, out refusal)
            || !Check.TransactionId(wire.Id, $"{field}.id", out TransactionId id, out refusal)
            || !Check.Timestamp(wire.Priority, $"{field}.priority", out Timestamp priority, out refusal)
            || !Check.Timestamp(wire.Deadline, $"{field}.deadline", out Timestamp deadline, out refusal)
            || !Check.Text(wire.Coordinator, CoordinatorId.MaxNameLength, $"{field}.coordinator", out refusal)
            || !Check.Text(wire.Client, TransactionContext.MaxClientLength, $"{field}.client", out refusal)
            || !Check.Range(wire.KeyEpoch, 0, WireLimits.MaxKeyEpoch, $"{field}.key_epoch", out refusal))
        {
            return false;
        }

        CoordinatorId coordinator = new(wire.Coordinator, new Incarnation(wire.Incarnation));
        context = new(id, priority, deadline, coordinator, wire.Client);
        return true;
    }

    /// <summary>The value of the metadata <see cref="MetadataNames.Snapshot"/>.</summary>
    public static byte[] ToSnapshotMetadata(Timestamp readTimestamp) =>
        new V1.SnapshotContext { ReadTimestamp = readTimestamp.Value }.ToByteArray();

    /// <summary>Reads the value of the metadata <see cref="MetadataNames.Snapshot"/>.</summary>
    public static bool TryReadSnapshotMetadata(
        ReadOnlySpan<byte> metadata, out Timestamp readTimestamp, [NotNullWhen(false)] out Refusal? refusal)
    {
        readTimestamp = default;
        return Parsing.TryParse(
                V1.SnapshotContext.Parser, metadata, MetadataNames.Snapshot, WireLimits.MaxContextBytes, out var wire, out refusal)
            && Check.Timestamp(wire.ReadTimestamp, $"{MetadataNames.Snapshot}.read_timestamp", out readTimestamp, out refusal);
    }
}
