using Google.Protobuf;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Hosting;

/// <summary>What a message of requests may hold.</summary>
public static class RequestBatch
{
    /// <summary>Finds what is wrong with one that isn't a stream's first; null when nothing is.</summary>
    /// <param name="message">The message.</param>
    /// <param name="hello">Its hello, which only the first one may have.</param>
    /// <param name="count">How many requests it has: at most 512, and 1 MiB unless there is only one.</param>
    public static Refusal? FindFault(IMessage message, IMessage? hello, int count)
    {
        ArgumentNullException.ThrowIfNull(message);
        return hello is null ? FindFault(message, count) : Refusal.Invalid("hello", "hello is there again; send it in the first message only.");
    }

    /// <summary>Finds what is wrong with a stream's first message, but for its hello; null when nothing is.</summary>
    /// <param name="message">The message.</param>
    /// <param name="count">How many requests it has: at most 512, and 1 MiB unless there is only one.</param>
    public static Refusal? FindFault(IMessage message, int count)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (count > WireLimits.MaxFramesPerMessage)
        {
            return Refusal.Invalid("requests", $"requests has {count} elements; send at most {WireLimits.MaxFramesPerMessage} in a message.");
        }

        int size = count > 1 ? message.CalculateSize() : 0;
        return size <= WireLimits.MaxMessageBytes
            ? null
            : Refusal.Invalid(
                "requests", $"requests make a message of {size} bytes; send at most {WireLimits.MaxMessageBytes} in one, or a larger one alone.");
    }
}
