using System.Collections.Immutable;
using System.Globalization;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Scenarios;

/// <summary>Reads the events of a scenario.</summary>
public sealed class EventReader(Notation notation, Func<Timestamp> now, Dictionary<long, CoordinatorEffect.Record> records)
{
    private readonly Dictionary<ShardGeneration, LinkId> _links = [];

    public CoordinatorEvent Read(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] plain = [.. words[1..].Where(w => !w.Contains('='))];
        Dictionary<string, string> named = words[1..].Where(w => w.Contains('='))
            .Select(w => w.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        return words[0] switch
        {
            "shard" => Connect(Notation.Owner(plain[0]), Link(plain[1])),
            "left" => new CoordinatorEvent.ShardLeft(Link(plain[1]), Notation.Owner(plain[0])),
            "lost" => new CoordinatorEvent.LinkLost(Link(plain[0])),
            "begin" => new CoordinatorEvent.Begin(
                Call(plain[0]), plain[1], [.. new byte[9], (byte)(100 + Call(plain[0]).Value)],
                named.TryGetValue("timeout", out string? timeout) ? Notation.Length(timeout) : null,
                named.TryGetValue("priority", out string? priority) ? Notation.Time(priority) : null),
            "commit" => new CoordinatorEvent.Commit(
                Call(plain[0]), Context(plain[1]), Shards(plain[2..]), Key(plain[1], named),
                Result(named)),
            "resolve" => new CoordinatorEvent.Resolve(
                Call(plain[0]), Context(plain[1]), Shards(plain[2..]), Key(plain[1], named)),
            "abort" => new CoordinatorEvent.Abort(Call(plain[0]), Context(plain[1])),
            "heartbeat" => new CoordinatorEvent.Heartbeat(
                Call(plain[0]), plain[1], [.. plain[2..].Select(name => Context(name).Id)]),
            "outcome" => new CoordinatorEvent.GetOutcome(
                Call(plain[0]), plain.Length > 1 ? Context(plain[1]).Id : null,
                named.TryGetValue("key", out string? key) ? new IdempotencyKey("alice", key) : null),
            "timestamp" => new CoordinatorEvent.GetTimestamp(Call(plain[0])),
            "cancel" => new CoordinatorEvent.CallCancelled(Call(plain[0])),
            "recorded" => new CoordinatorEvent.Recorded(Number(plain[0]), Recorded(Number(plain[0]), plain[1..], named)),
            "read" => new CoordinatorEvent.DecisionRead(Number(plain[0]), Lookup(plain[1..], named)),
            "marked" => new CoordinatorEvent.MarkedApplied(Number(plain[0]), plain[1] == "ok"),
            "unapplied" => new CoordinatorEvent.UnappliedFound(Unapplied(plain)),
            "pruned" => new CoordinatorEvent.Pruned(plain[0] == "failed" ? null : Notation.Time(plain[0])),
            "time" => new CoordinatorEvent.TimePassed(),
            "stop" => new CoordinatorEvent.StopRequested(),
            _ => new CoordinatorEvent.FrameReceived(LinkOf(plain[0], named), Frame(words[0], plain, named)),
        };
    }

    private CoordinatorEvent.ShardConnected Connect(ShardGeneration owner, LinkId link)
    {
        _links[owner] = link;
        return new(link, owner, $"http://{owner.Shard.Service}");
    }

    private ShardFrame Frame(string kind, string[] plain, Dictionary<string, string> named)
    {
        ShardGeneration owner = Notation.Owner(plain[0]);
        TransactionContext context = Context(plain[1]);
        string what = plain.Length > 2 ? plain[2] : "";
        return kind switch
        {
            "enlist" => new ShardFrame.Enlist(context.Id, owner, context),
            "vote" when what == "yes" => new ShardFrame.Voted(
                context.Id, owner, Vote.Yes(Notation.Time(plain[3]), Notation.Time(plain[4]))),
            "vote" => new ShardFrame.Voted(context.Id, owner, Vote.No(Enum.Parse<AbortReason>(plain[3]))),
            "one-phase" => new ShardFrame.OnePhaseEnded(context.Id, owner, Outcome(plain.AsSpan(2))),
            "applied" => new ShardFrame.Applied(context.Id, owner),
            "in-doubt" => new ShardFrame.InDoubt(
                context.Id, owner, named.TryGetValue("home", out string? home) ? Notation.Coordinator(home) : context.Coordinator),
            "dropped" => new ShardFrame.Dropped(context.Id, owner, Enum.Parse<AbortReason>(what)),
            "resolved" when what == "committed" => new ShardFrame.Resolved(
                context.Id, owner, ShardResolution.Committed(Notation.Time(plain[3]))),
            "resolved" => new ShardFrame.Resolved(context.Id, owner, ShardResolution.Of(Enum.Parse<ShardResolutionKind>(what))),
            _ => throw new FormatException($"'{kind}' is no event."),
        };
    }

    private RecordResult Recorded(long batch, string[] words, Dictionary<string, string> named)
    {
        ImmutableArray<Decision> decisions = records[batch].Decisions;
        return words[0] switch
        {
            "ok" => new RecordResult.Committed([.. decisions.Select(d => new RegisterContent.ById(d))]),
            "held" => new RecordResult.Committed(
                [new RegisterContent.ById(decisions[0] with { Outcome = Outcome(words.AsSpan(1)), Writers = [] })]),
            "key-held" => new RecordResult.Committed([new RegisterContent.ByKey(Row(words[1..], named))]),
            "below-mark" => new RecordResult.Committed([new RegisterContent.BelowMark(Notation.Time(words[1]))]),
            "rolled-back" => new RecordResult.RolledBack(words[1] == "transient", "scripted"),
            "ambiguous" => new RecordResult.Ambiguous("scripted"),
            _ => throw new FormatException($"'{words[0]}' is no result of recording."),
        };
    }

    private DecisionLookup? Lookup(string[] words, Dictionary<string, string> named)
    {
        Timestamp mark = named.TryGetValue("mark", out string? text) ? Notation.Time(text) : Timestamp.Zero;
        return words[0] switch
        {
            "failed" => null,
            "nothing" => new(null, null, mark),
            "by-id" => new(Row(words[1..], named), null, mark),
            "by-key" => new(null, Row(words[1..], named), mark),
            _ => throw new FormatException($"'{words[0]}' is no result of reading."),
        };
    }

    private ImmutableArray<Decision>? Unapplied(string[] words) => words[0] switch
    {
        "failed" => null,
        "none" => [],
        _ => [Row(words[..3], []) with { Writers = [.. words[3..].Select(Notation.Owner)] }],
    };

    private Decision Row(string[] words, Dictionary<string, string> named) => new(Context(words[0]).Id, Outcome(words.AsSpan(1)), [])
    {
        Result = Result(named),
    };

    private static Outcome Outcome(ReadOnlySpan<string> words) => words[0] == "committed"
        ? Model.Outcome.Committed(Notation.Time(words[1]))
        : Model.Outcome.Aborted(Enum.Parse<AbortReason>(words[1]));

    private TransactionContext Context(string name)
    {
        if (!notation.IsDeclared(name))
        {
            notation.Declare(name, now(), Duration.FromSeconds(30), "alice", Notation.Self);
        }

        return notation.Context(name);
    }

    private IdempotencyKey? Key(string name, Dictionary<string, string> named) =>
        named.TryGetValue("key", out string? key) ? new IdempotencyKey(Context(name).Client, key) : null;

    // Typed, since a bare null would become an empty result.
    private static ReadOnlyMemory<byte>? Result(Dictionary<string, string> named) =>
        named.TryGetValue("result", out string? result) ? Notation.Result(result) : (ReadOnlyMemory<byte>?)null;

    private LinkId LinkOf(string owner, Dictionary<string, string> named) => named.TryGetValue("via", out string? link)
        ? Link(link)
        : _links.GetValueOrDefault(Notation.Owner(owner), new LinkId(99));

    private static ImmutableArray<CommitShard> Shards(string[] words) => [.. words.Select(Notation.Shard)];

    private static CallId Call(string text) => new(Number(text[1..]));

    private static LinkId Link(string text) => new(Number(text[1..]));

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
