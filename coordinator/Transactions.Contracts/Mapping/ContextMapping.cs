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

    /// <summary>Reads a binary metadatum's value as it stands in the headers: metadata can't be read at all when one of its values is no Base64.</summary>
    /// <param name="value">The header's value; null unless it has exactly one.</param>
    /// <param name="name">The metadatum's name.</param>
    /// <param name="bytes">What it says.</param>
    /// <param name="refusal">Why it can't be read.</param>
    public static bool TryDecodeMetadata(string? value, string name, out byte[] bytes, [NotNullWhen(false)] out Refusal? refusal)
    {
        (bytes, refusal) = ([], null);
        if (value is not null)
        {
            // gRPC allows Base64 with and without its padding.
            string padded = value.PadRight((value.Length + 3) / 4 * 4, '=');
            byte[] buffer = new byte[padded.Length / 4 * 3];
            if (Convert.TryFromBase64String(padded, buffer, out int length))
            {
                bytes = buffer[..length];
                return true;
            }
        }

        refusal = Refusal.Invalid(name, $"{name} isn't one value in Base64; send it once.");
        return false;
    }

    /// <summary>Reads the value of the metadata <see cref="MetadataNames.Context"/>, which is still to be verified.</summary>
    public static bool TryReadSignedMetadata(
        ReadOnlySpan<byte> metadata, [NotNullWhen(true)] out V1.SignedContext? signed, [NotNullWhen(false)] out Refusal? refusal) =>
        Parsing.TryParse(V1.SignedContext.Parser, metadata, MetadataNames.Context, WireLimits.MaxContextBytes, out signed, out refusal);

    /// <summary>Reads what a signed context claims, whoever signed it.</summary>
    public static bool TryReadUnverified(
        V1.SignedContext signed, [NotNullWhen(true)] out TransactionContext? context, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(signed);
        context = null;
        return TryReadPayload(signed, out V1.TransactionContext? claimed, out refusal) && TryRead(claimed, out context, out refusal);
    }

    /// <summary>Reads the value of the metadata <see cref="MetadataNames.Snapshot"/>.</summary>
    public static bool TryReadSnapshotMetadata(
        ReadOnlySpan<byte> metadata, out Timestamp readTimestamp, [NotNullWhen(false)] out Refusal? refusal)
    {
        readTimestamp = default;
        return Parsing.TryParse(
                V1.SnapshotContext.Parser, metadata, MetadataNames.Snapshot, WireLimits.MaxContextBytes, out var wire, out refusal)
            && Check.Timestamp(wire.ReadTimestamp, $"{MetadataNames.Snapshot}.read_timestamp", out readTimestamp, out refusal);
    }

    internal static bool TryReadPayload(
        V1.SignedContext signed, [NotNullWhen(true)] out V1.TransactionContext? claimed, [NotNullWhen(false)] out Refusal? refusal) =>
        Parsing.TryParse(
            V1.TransactionContext.Parser, signed.Payload.Span, "context.payload", WireLimits.MaxContextBytes, out claimed, out refusal);
}
