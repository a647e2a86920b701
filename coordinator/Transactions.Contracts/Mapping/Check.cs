using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

// Reads single fields off the wire. A peer's mistake is an answer that names the field, never an exception.
internal static class Check
{
    private const long LongestSeconds = 1_000_000_000;
    private const int NanosecondsPerSecond = 1_000_000_000;

    public static bool Timestamp(long value, string field, out Timestamp timestamp, [NotNullWhen(false)] out Refusal? refusal)
    {
        timestamp = new(value);
        refusal = value > 0
            ? null
            : Refusal.Invalid(field, $"{field} is {value}; a timestamp is microseconds since 1970 times 1024, and above zero.");
        return refusal is null;
    }

    public static bool Clock(long earliest, long latest, out ClockInterval clock, [NotNullWhen(false)] out Refusal? refusal)
    {
        clock = default;
        if (!Timestamp(earliest, "earliest", out Timestamp from, out refusal)
            || !Timestamp(latest, "latest", out Timestamp to, out refusal))
        {
            return false;
        }

        if (to < from)
        {
            refusal = Refusal.Invalid("latest", "latest lies before earliest; send an interval that isn't empty.");
            return false;
        }

        clock = new(from, to);
        return true;
    }

    public static bool TransactionId(
        ByteString? bytes, string field, out TransactionId id, [NotNullWhen(false)] out Refusal? refusal)
    {
        id = default;
        refusal = bytes is not null && Model.TransactionId.TryRead(bytes.Span, out id)
            ? null
            : Refusal.Invalid(field, $"{field} is no transaction id; send the 16 bytes of a UUID of version 7.");
        return refusal is null;
    }

    public static bool Shard(string value, string field, out ShardId shard, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = ShardId.TryParse(value, out shard)
            ? null
            : Refusal.Invalid(
                field,
                $"{field} is no shard id; send a service name of a-z, 0-9, '-', '_' or '.', a slash and a number, at most "
                + $"{ShardId.MaxLength} characters, like 'payments/0'.");
        return refusal is null;
    }

    public static bool Owner(
        string shard, long generation, string field, out ShardGeneration owner, [NotNullWhen(false)] out Refusal? refusal)
    {
        owner = default;
        if (!Shard(shard, $"{field}.shard", out ShardId id, out refusal)
            || !Range(generation, 1, long.MaxValue, $"{field}.generation", out refusal))
        {
            return false;
        }

        owner = new(id, new Generation(generation));
        return true;
    }

    public static bool Text(string value, int longest, string field, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = value.Length == 0 ? Refusal.Invalid(field, $"{field} is missing; send 1 to {longest} characters.")
            : value.Length > longest
                ? Refusal.Invalid(field, $"{field} has {value.Length} characters; send at most {longest}.")
            : value.AsSpan().ContainsAnyInRange('\0', '\x1F')
                ? Refusal.Invalid(field, $"{field} has a control character; send printable text.")
            : null;
        return refusal is null;
    }

    public static bool Range(long value, long least, long most, string field, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = value >= least && value <= most
            ? null
            : Refusal.Invalid(field, $"{field} is {value}; send at least {least} and at most {most}.");
        return refusal is null;
    }

    public static bool Bytes(int length, int least, int most, string field, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = length >= least && length <= most
            ? null
            : Refusal.Invalid(field, $"{field} has {length} bytes; send at least {least} and at most {most}.");
        return refusal is null;
    }

    public static bool Count(int count, int most, string field, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = count <= most ? null : Refusal.Invalid(field, $"{field} has {count} elements; send at most {most}.");
        return refusal is null;
    }

    public static bool Reason(
        V1.AbortReason value, string field, out AbortReason reason, [NotNullWhen(false)] out Refusal? refusal)
    {
        reason = (AbortReason)(int)value;
        refusal = reason != AbortReason.Unspecified && Enum.IsDefined(reason)
            ? null
            : Refusal.Invalid(field, $"{field} is {(int)value}, which is no abort reason of this protocol version; send one of those.");
        return refusal is null;
    }

    public static bool Duration(
        Google.Protobuf.WellKnownTypes.Duration? value, string field, out Duration duration, [NotNullWhen(false)] out Refusal? refusal)
    {
        duration = default;
        refusal = value is { Seconds: >= 0 and <= LongestSeconds, Nanos: >= 0 and < NanosecondsPerSecond }
            && (value.Seconds > 0 || value.Nanos > 0)
                ? null
                : Refusal.Invalid(field, $"{field} is {value?.ToString() ?? "missing"}; send a duration above zero.");
        if (refusal is not null)
        {
            return false;
        }

        duration = NodaTime.Duration.FromSeconds(value!.Seconds) + NodaTime.Duration.FromNanoseconds((long)value.Nanos);
        return true;
    }

    public static bool Present<T>([NotNullWhen(true)] T? value, string field, [NotNullWhen(false)] out Refusal? refusal)
        where T : class
    {
        refusal = value is not null ? null : Missing(field);
        return refusal is null;
    }

    public static Refusal Missing(string field) => Refusal.Invalid(field, $"{field} is missing; send it.");

    public static Google.Protobuf.WellKnownTypes.Duration ToWire(Duration duration) => new()
    {
        Seconds = (duration.Days * 86_400L) + (duration.NanosecondOfDay / NanosecondsPerSecond),
        Nanos = (int)(duration.NanosecondOfDay % NanosecondsPerSecond),
    };

    // The array is the id's own copy, and nobody else has it.
    public static ByteString ToWire(TransactionId id) => UnsafeByteOperations.UnsafeWrap(id.ToBytes());
}
