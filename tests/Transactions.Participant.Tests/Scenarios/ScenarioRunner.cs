using System.Reflection;
using System.Text.RegularExpressions;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>Runs a scenario and writes down what happened, in the scenario's own words.</summary>
/// <remarks>
/// A line is an event; the indented lines below it are its effects. Scenarios start with a served shard (generation 1, lease
/// until @9999ms, clock at @0ms ± 1 ms), unless <c>unserved</c> comes first. <c>Scenarios/README.md</c> lists the events.
/// </remarks>
internal sealed partial class ScenarioRunner
{
    private readonly Dictionary<string, TransactionContext> _transactions = [];
    private readonly ShardOptions _options = new();
    private readonly ProtocolLimits _limits = ProtocolLimits.Default with { };
    private readonly Queue<ShardEvent> _begun = new();
    private ShardRig? _rig;
    private bool _isUnserved;

    private ShardRig Rig => _rig ??= _isUnserved ? NewRig() : NewRig().Serve();

    internal Mutation Mutation { get; init; }

    public IReadOnlyList<string> Run(Scenario scenario)
    {
        List<string> happened = [];
        foreach (string line in scenario.Lines.Where(line => !line.StartsWith(' ')))
        {
            happened.Add(line);
            try
            {
                happened.AddRange(Do(line).Select(EffectText.Of).OfType<string>().Select(effect => $"    {effect}"));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // The history up to here says more than a stack.
                happened.Add($"    !! {e.GetType().Name}: {e.Message}");
                break;
            }
        }

        return happened;
    }

    private ShardRig NewRig() => new(_options, _limits, Mutation);

    private IReadOnlyList<ShardEffect> Do(string line)
    {
        string[] words = line.Split(' ');
        return words[0] switch
        {
            "unserved" => Nothing(() => _isUnserved = true),
            "option" => Nothing(() => SetOption(words[1], words[2])),
            "txn" => Nothing(() => Declare(words)),
            "given" => Nothing(() => Rig.Store.Add(Name.Record(words[1]), Name.Time(words[3]), Value(words[2]))),
            "restart" => Nothing(() => Rig.Restart().Serve()),
            "usurp" => Nothing(() => Rig.Usurp(Name.Span(words[1]))),
            "serve" => Nothing(() => Rig.Serve()),
            "die" => Nothing(() => Rig.Restart()),
            "read" when line == "read begins" => Nothing(() => _begun.Enqueue(Rig.AnswerTo(Rig.Take<ShardEffect.ReadVersions>()))),
            "clock" when words[1] == "fails" => Nothing(() => Rig.Clock.Fail()),
            "clock" when words[1] == "steps" => Nothing(() => Rig.Clock.Now = Rig.Clock.Now.Plus(Name.Span(words[2]))),
            "clock" => Nothing(() => Rig.Clock.Recover()),
            "pass" => Nothing(() => Rig.Clock.Advance(Name.Span(words[1]))),
            "quiet" => Nothing(() => Assert.True(Rig.Machine.IsQuiet)),
            "phase" => Nothing(() => Assert.Equal(words[1], Rig.Machine.Phase.ToString())),
            "wait" => Rig.Wait(Name.Span(words[1])),
            "stop" => Rig.Handle(new ShardEvent.StopRequested()),
            "connect" => Rig.Handle(new ShardEvent.CoordinatorConnected(Name.Coordinator(words[1]))),
            "lose" => Rig.Handle(new ShardEvent.CoordinatorLost(Name.Coordinator(words[1]))),
            "cancel" => Rig.Handle(new ShardEvent.CallCancelled(new CallId(long.Parse(words[1])))),
            _ when CallPattern().Match(line) is { Success: true } call => Rig.Handle(ParseCall(call)),
            _ when FramePattern().Match(line) is { Success: true } frame => Rig.Handle(new ShardEvent.FrameReceived(
                Name.Coordinator(frame.Groups["from"].Value), ParseFrame(frame.Groups["frame"].Value.Split(' ')))),
            _ => Rig.Handle(ParseResult(line)),
        };
    }

    private static IReadOnlyList<ShardEffect> Nothing(Action action)
    {
        action();
        return [];
    }

    private void SetOption(string name, string value)
    {
        object target = typeof(ShardOptions).GetProperty(name) is null ? _limits : _options;
        PropertyInfo property = target.GetType().GetProperty(name)
            ?? throw new FormatException($"There is no option {name}.");
        property.SetValue(target, property.PropertyType == typeof(Duration) ? Name.Span(value) : int.Parse(value));
    }

    private void Declare(string[] words)
    {
        string? Find(string what) => Array.IndexOf(words, what) is > 0 and var at ? words[at + 1] : null;

        _transactions[words[1]] = Name.Transaction(
            words[1],
            Find("deadline") is { } deadline ? Name.Span(deadline) : null,
            Find("coordinator") ?? "c1",
            Find("priority") is { } priority ? int.Parse(priority) : null) with
        {
            Client = Find("client") ?? "client",
        };
        if (Find("dated") is { } dated)
        {
            _transactions[words[1]] = _transactions[words[1]] with
            {
                Id = TransactionId.Create(Name.Time(dated), [0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(words[1][0] - 'a')]),
            };
        }
    }

    private TransactionContext Transaction(string name) =>
        _transactions.TryGetValue(name, out TransactionContext? declared) ? declared : _transactions[name] = Name.Transaction(name);

    private TransactionId Id(string name) => Transaction(name).Id;

    private static Document? Value(string text) => text == "gone" ? null : Document.FromText(text);

    [GeneratedRegex(@"^(?<call>\d+)(#(?<number>\d+))?: (?<who>\w+) (?<what>[\w-]+) ?(?<rest>.*)$")]
    private static partial Regex CallPattern();

    [GeneratedRegex(@"^(?<from>c\d(#\d)?): (?<frame>.*)$")]
    private static partial Regex FramePattern();

    private ShardEvent ParseCall(Match call)
    {
        CallId id = new(long.Parse(call.Groups["call"].Value));
        string[] words = call.Groups["rest"].Value.Split(' ');
        string what = call.Groups["what"].Value;
        if (call.Groups["who"].Value == "snapshot")
        {
            // "1: snapshot get @5ms accounts/x"; "strong" in the place of the timestamp lets the shard choose.
            Timestamp? at = words[0] == "strong" ? null : Name.Time(words[0]);
            Operation query = ParseOperation(what, words[1..]);
            return new ShardEvent.SnapshotReadReceived(id, at, query switch
            {
                Operation.Get get => new SnapshotQuery.Get(get.Collection, get.Keys),
                Operation.Scan scan => new SnapshotQuery.Scan(scan.Range, scan.Limit),
                _ => throw new FormatException($"A snapshot can't {what}."),
            });
        }

        long number = call.Groups["number"].Success ? long.Parse(call.Groups["number"].Value) : id.Value;
        return new ShardEvent.OperationReceived(
            id, Transaction(call.Groups["who"].Value), new OperationNumber(1, number), ParseOperation(what, words));
    }

    private static Operation ParseOperation(string what, string[] words) => what switch
    {
        "get" => Name.Get(words),
        "get-for-update" => Name.Get(words) with { ForUpdate = true },
        "put" => new Operation.Put(Name.Record(words[0]), Document.FromText(words[1])),
        "insert" => new Operation.InsertIfAbsent(Name.Record(words[0]), Document.FromText(words[1])),
        "delete" => new Operation.Delete(Name.Record(words[0])),

        // "scan accounts from b to e limit 2"; "to end" for the whole rest.
        "scan" => new Operation.Scan(
            new KeyRange(words[0], words[2] == "start" ? "" : words[2], words[4] == "end" ? null : words[4]), int.Parse(words[6])),
        _ => throw new FormatException($"'{what}' is no operation."),
    };

    private CoordinatorFrame ParseFrame(string[] words)
    {
        TransactionId id = Id(words[1]);

        // "prepare a floor 1ms wrote 2", "… read 2", and "at 3" for another generation than the present one.
        Generation Generation() => Array.IndexOf(words, "at") is > 0 and var at
            ? new Generation(long.Parse(words[at + 1]))
            : Rig.Machine.Owner.Generation;
        return words[0] switch
        {
            "prepare" => new CoordinatorFrame.Prepare(id, Generation(), Name.Time(words[3]), words[4] == "wrote", int.Parse(words[5])),
            "commit-one-phase" =>
                new CoordinatorFrame.CommitOnePhase(id, Generation(), Name.Time(words[3]), words[4] == "wrote", int.Parse(words[5])),
            "committed" => new CoordinatorFrame.Ended(id, Outcome.Committed(Name.Time(words[2]))),
            "aborted" => new CoordinatorFrame.Ended(id, Outcome.Aborted(AbortReason.ClientAborted)),
            "pending" => new CoordinatorFrame.Pending(id),
            "resolve" => new CoordinatorFrame.ResolveOnePhase(id),
            _ => throw new FormatException($"'{words[0]}' is no frame."),
        };
    }

    // PostgreSQL's answer to the oldest question of its kind. "lost" means ambiguous: done, or "lost undone".
    private ShardEvent ParseResult(string line)
    {
        switch (line)
        {
            case "read":
                return _begun.TryDequeue(out ShardEvent? begun) ? begun : Rig.AnswerTo(Rig.Take<ShardEffect.ReadVersions>());
            case "read fails":
                return new ShardEvent.VersionsRead(Rig.Take<ShardEffect.ReadVersions>().Request, new VersionsReadResult.Failed("down"));
            case "looked up":
                return Rig.AnswerTo(Rig.Take<ShardEffect.ReadOutcome>());
            case "looked up fails":
                return new ShardEvent.OutcomeRead(Rig.Take<ShardEffect.ReadOutcome>().Request, false, null);
            case "persisted":
                return Rig.AnswerTo(Rig.Take<ShardEffect.Persist>());
            case "persisted refused":
                return new ShardEvent.Persisted(Rig.Take<ShardEffect.Persist>().Batch, new PersistResult.RolledBack(false, "refused"));
            case "persisted fails":
                return new ShardEvent.Persisted(Rig.Take<ShardEffect.Persist>().Batch, new PersistResult.RolledBack(true, "down"));
            case "persisted lost":
                ShardEffect.Persist persist = Rig.Take<ShardEffect.Persist>();
                Rig.Store.Persist(persist);
                return new ShardEvent.Persisted(persist.Batch, new PersistResult.Ambiguous("lost"));
            case "persisted lost undone":
                return new ShardEvent.Persisted(Rig.Take<ShardEffect.Persist>().Batch, new PersistResult.Ambiguous("lost"));
            case "applied":
                return Rig.AnswerTo(Rig.Take<ShardEffect.Apply>());
            case "applied fails":
                return new ShardEvent.Applied(Rig.Take<ShardEffect.Apply>().Batch, WriteResult.RolledBack);
            case "applied lost":
                ShardEffect.Apply apply = Rig.Take<ShardEffect.Apply>();
                Rig.Store.Apply(apply);
                return new ShardEvent.Applied(apply.Batch, WriteResult.Ambiguous);
            case "applied lost undone":
                return new ShardEvent.Applied(Rig.Take<ShardEffect.Apply>().Batch, WriteResult.Ambiguous);
            case "reconciled":
                return Rig.AnswerTo(Rig.Take<ShardEffect.Reconcile>());
            case "reconciled fails":
                return new ShardEvent.Reconciled(Rig.Take<ShardEffect.Reconcile>().Request, null);
            case "row":
                return Rig.AnswerTo(Rig.Take<ShardEffect.ReadShardRow>());
            case "row fails":
                Rig.Take<ShardEffect.ReadShardRow>();
                return new ShardEvent.ShardRowRead(null);
            case "taken over":
                return Rig.AnswerTo(Rig.Take<ShardEffect.TakeOver>());
            case "taken over fails":
                Rig.Take<ShardEffect.TakeOver>();
                return new ShardEvent.TakenOver(new TakeoverResult.Failed("down"));
            case "loaded":
                return Rig.AnswerTo(Rig.Take<ShardEffect.Load>());
            case "loaded fails":
                Rig.Take<ShardEffect.Load>();
                return new ShardEvent.Loaded(null);
            case "renewed":
                return Rig.AnswerTo(Rig.Take<ShardEffect.Renew>());
            case "renewed fails":
                Rig.Take<ShardEffect.Renew>();
                return new ShardEvent.Renewed(WriteResult.RolledBack);
            case "renewed lost":
                Rig.Store.Renew(Rig.Take<ShardEffect.Renew>());
                return new ShardEvent.Renewed(WriteResult.Ambiguous);
            case "handed back":
                return Rig.AnswerTo(Rig.Take<ShardEffect.HandBack>());
            case "pruned":
                return Rig.AnswerTo(Rig.Take<ShardEffect.Prune>());
            default:
                throw new FormatException($"'{line}' is no event.");
        }
    }
}
