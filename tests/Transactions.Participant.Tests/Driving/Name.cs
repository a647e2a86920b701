using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.TestKit.Clocks;

namespace Transactions.Participant.Tests;

/// <summary>Short names for what tests talk of: transaction <c>a</c> is older than <c>b</c>, <c>c1</c> is a coordinator.</summary>
internal static class Name
{
    public static readonly Timestamp Start = ManualClock.DefaultStart;

    public static readonly ShardId Shard = ShardId.Parse("bank/0");

    public static CoordinatorId Coordinator(string name)
    {
        string[] parts = name.Split('#');
        return new CoordinatorId(parts[0], new Incarnation(parts.Length > 1 ? long.Parse(parts[1]) : 1));
    }

    public static TransactionContext Transaction(string name, Duration? deadline = null, string coordinator = "c1", int? priority = null)
    {
        int ordinal = name[0] - 'a';
        return new TransactionContext(
            TransactionId.Create(Start, [0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)ordinal]),
            Start.Plus(Duration.FromMilliseconds((priority ?? ordinal) - 1_000)),
            Start.Plus(deadline ?? Duration.FromSeconds(30)),
            Coordinator(coordinator),
            "client");
    }

    public static string Of(TransactionId id) => ((char)('a' + id.ToBytes()[^1])).ToString();

    /// <summary>Milliseconds from the start, with the counter if there is one: <c>@1.5ms+2</c>.</summary>
    public static string Of(Timestamp timestamp)
    {
        if (timestamp == Timestamp.MaxValue)
        {
            return "@now";
        }

        decimal milliseconds = (timestamp.Microseconds - Start.Microseconds) / 1000m;
        return timestamp.IsNegative || timestamp == Timestamp.Zero
            ? $"@zero"
            : $"@{milliseconds:0.###}ms{(timestamp.Counter > 0 ? $"+{timestamp.Counter}" : "")}";
    }

    public static Timestamp Time(string text)
    {
        string[] parts = text.TrimStart('@').Split('+');
        Duration offset = Span(parts[0]);
        Timestamp time = offset < Duration.Zero ? Start.Minus(-offset) : Start.Plus(offset);
        return new Timestamp(time.Value + (parts.Length > 1 ? long.Parse(parts[1]) : 0));
    }

    public static Duration Span(string text) => text switch
    {
        _ when text.EndsWith("us", StringComparison.Ordinal) => Duration.FromNanoseconds((long)(decimal.Parse(text[..^2]) * 1_000)),
        _ when text.EndsWith("ms", StringComparison.Ordinal) => Duration.FromNanoseconds((long)(decimal.Parse(text[..^2]) * 1_000_000)),
        _ when text.EndsWith('s') => Duration.FromNanoseconds((long)(decimal.Parse(text[..^1]) * 1_000_000_000)),
        _ => throw new FormatException($"'{text}' is no duration: give it in us, ms or s."),
    };

    public static RecordKey Record(string text)
    {
        int slash = text.IndexOf('/');
        return new RecordKey(text[..slash], text[(slash + 1)..]);
    }

    public static Operation.Get Get(params string[] records) =>
        new(Record(records[0]).Collection, [.. records.Select(record => Record(record).Key)], ForUpdate: false);

    public static Operation.Put Put(string record, string json = "1") => new(Record(record), Document.FromText(json));
}
