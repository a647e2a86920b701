using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Transactions.Model;

namespace Transactions.Contracts;

// Parses what came as bare bytes in metadata.
internal static class Parsing
{
    public static bool TryParse<T>(
        MessageParser<T> parser,
        ReadOnlySpan<byte> bytes,
        string field,
        int mostBytes,
        [NotNullWhen(true)] out T? message,
        [NotNullWhen(false)] out Refusal? refusal)
        where T : class, IMessage<T>
    {
        message = null;
        refusal = null;
        if (bytes.Length > mostBytes)
        {
            refusal = Refusal.Invalid(field, $"{field} has {bytes.Length} bytes; send at most {mostBytes}.");
            return false;
        }

        try
        {
            message = parser.ParseFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            refusal = Refusal.Invalid(
                field, $"{field} can't be parsed; send a serialized {typeof(T).Name} of transactions.v1.");
            return false;
        }
    }
}
