using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Primitives;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>Reads the signed context that a unary call carries as metadata.</summary>
internal static class ContextMetadata
{
    /// <summary>Reads it; false with a refusal when it is malformed. No context at all reads as null.</summary>
    public static bool TryRead(ServerCallContext call, out SignedContext? signed, [NotNullWhen(false)] out Refusal? refusal)
    {
        (signed, refusal) = (null, null);

        // The bare header: metadata can't be read at all when one of its values is no Base64.
        if (!call.GetHttpContext().Request.Headers.TryGetValue(MetadataNames.Context, out StringValues values))
        {
            return true;
        }

        if (!TryDecode(values, out byte[] bytes))
        {
            refusal = Invalid($"{MetadataNames.Context} isn't one value in Base64; send it once.");
        }
        else if (bytes.Length > WireLimits.MaxContextBytes)
        {
            refusal = Invalid($"{MetadataNames.Context} has {bytes.Length} bytes; send at most {WireLimits.MaxContextBytes}.");
        }
        else
        {
            refusal = Parse(bytes, out signed);
        }

        return refusal is null;
    }

    // gRPC allows Base64 with and without its padding.
    private static bool TryDecode(StringValues values, out byte[] bytes)
    {
        bytes = [];
        if (values is not [{ } text])
        {
            return false;
        }

        string padded = text.PadRight((text.Length + 3) / 4 * 4, '=');
        byte[] buffer = new byte[padded.Length / 4 * 3];
        if (!Convert.TryFromBase64String(padded, buffer, out int length))
        {
            return false;
        }

        bytes = buffer[..length];
        return true;
    }

    private static Refusal? Parse(byte[] bytes, out SignedContext? signed)
    {
        signed = null;
        try
        {
            signed = SignedContext.Parser.ParseFrom(bytes);
            return null;
        }
        catch (InvalidProtocolBufferException)
        {
            return Invalid($"{MetadataNames.Context} can't be parsed; send a serialized SignedContext of transactions.v1.");
        }
    }

    private static Refusal Invalid(string message) => Refusal.Invalid(MetadataNames.Context, message);
}
