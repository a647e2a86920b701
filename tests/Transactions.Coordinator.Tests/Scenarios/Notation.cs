using System.Globalization;
using System.Text;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Scenarios;

/// <summary>How scenarios write times, shards and transactions.</summary>
public sealed class Notation
{
    public static readonly Timestamp Start = Timestamp.FromInstant(Instant.FromUtc(2026, 1, 1, 0, 0));

    private readonly Dictionary<string, TransactionContext> _transactions = [];

    public static CoordinatorId Self { get; } = Coordinator("a/1");

    public static CoordinatorId Coordinator(string text)
    {
        string[] parts = text.Split('/');
        return new(parts[0], new Incarnation(long.Parse(parts[1], CultureInfo.InvariantCulture)));
    }

    public static Duration Length(string text)
    {
        (string number, double milliseconds) = text switch
        {
            [.. var n, 'm', 's'] => (n, 1),
            [.. var n, 's'] => (n, 1_000),
            [.. var n, 'd'] => (n, 86_400_000),
            _ => throw new FormatException($"'{text}' is no length of time."),
        };
        return Duration.FromTicks((long)Math.Round(double.Parse(number, CultureInfo.InvariantCulture) * milliseconds * 10_000));
    }

    public static Timestamp Time(string text) => Start.Plus(Length(text));

    public static string Text(Timestamp timestamp)
    {
        string counter = timestamp.Counter == 0 ? "" : $"#{timestamp.Counter}";
        return string.Create(
            CultureInfo.InvariantCulture, $"{(timestamp.Microseconds - Start.Microseconds) / 1_000.0:0.###}ms{counter}");
    }

    public static ShardGeneration Owner(string text)
    {
        string[] parts = text.Split('@');
        return new(ShardId.Parse(parts[0]), new Generation(long.Parse(parts[1], CultureInfo.InvariantCulture)));
    }

    // orders/0@1:w2 = two operations, one of them a write
    public static CommitShard Shard(string text)
    {
        string[] parts = text.Split(':');
        return new(Owner(parts[0]), parts[1][0] == 'w', int.Parse(parts[1].AsSpan(1), CultureInfo.InvariantCulture));
    }

    public static ReadOnlyMemory<byte> Result(string text) => Encoding.UTF8.GetBytes(text);

    public static string Result(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    public void Declare(string name, Timestamp issuedAt, Duration deadline, string client, CoordinatorId home)
    {
        byte[] chance = new byte[10];
        chance[9] = (byte)(_transactions.Count + 1);
        TransactionId id = TransactionId.Create(issuedAt, chance);
        _transactions[name] = new(id, issuedAt, id.IssuedAt.Plus(deadline), home, client);
    }

    public bool IsDeclared(string name) => _transactions.ContainsKey(name);

    public TransactionContext Context(string name) => _transactions[name];

    public TransactionId Id(string name) => _transactions[name].Id;

    public void Adopt(string name, TransactionContext context) => _transactions[name] = context;

    public string Name(TransactionId id) => _transactions.FirstOrDefault(t => t.Value.Id == id).Key ?? "unknown";
}
