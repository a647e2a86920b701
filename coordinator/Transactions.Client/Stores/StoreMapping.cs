using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Client;

/// <summary>The Store's messages between wire and model, for both of its ends.</summary>
/// <remarks>
/// Reads only what the model's types can't hold: a field that is well formed but over a limit (a long key, a bad document) is the
/// shard's own to refuse, so that the limits are configured in one place. A peer's mistake is a refusal that names the field,
/// never an exception. Thread-safe: there is no state.
/// </remarks>
public static partial class StoreMapping
{
    private static bool TryReadTimestamp(
        bool isThere, long wire, string field, out Timestamp? timestamp, [NotNullWhen(false)] out Refusal? refusal)
    {
        timestamp = isThere ? new Timestamp(wire) : null;
        refusal = isThere && wire <= 0
            ? Refusal.Invalid(field, $"{field} is {wire}; a timestamp is microseconds since 1970 times 1024, and above zero.")
            : null;
        return refusal is null;
    }

    private static ByteString ToWire(Document value) => UnsafeByteOperations.UnsafeWrap(value.Utf8);

    // A parsed field owns its array, and nobody changes it any more: copying a value of up to a mebibyte is for nothing.
    private static Document ToDocument(ByteString wire) =>
        MemoryMarshal.TryGetArray(wire.Memory, out ArraySegment<byte> own) && own.Offset == 0 && own.Count == own.Array!.Length
            ? new(own.Array)
            : new(wire.ToByteArray());
}
