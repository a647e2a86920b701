using System.Reflection;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Scenarios;

/// <summary>Plays a scenario to a machine and tells what the machine did.</summary>
public sealed class ScenarioRunner
{
    private static readonly ClockHealth Unhealthy =
        ClockHealth.Unhealthy(ClockUnhealthyReason.Unsynchronised, "Scripted; start chrony.");

    private readonly Notation _notation = new();
    private readonly EffectText _texts;
    private readonly EventReader _events;
    private readonly Dictionary<long, CoordinatorEffect.Record> _records = [];
    // Searching and pruning have scenarios of their own.
    private CoordinatorOptions _options = new() { RecoveryInterval = Duration.FromHours(1), PruneInterval = Duration.FromDays(1) };
    private CoordinatorMachine? _machine;
    private Duration _now = Duration.Zero;
    private Duration _uncertainty = Duration.FromMilliseconds(1);
    private bool _isHealthy = true;
    private bool _showsNotices;
    private bool _isCold;

    public ScenarioRunner()
    {
        _texts = new(_notation);
        _events = new(_notation, () => Notation.Start.Plus(_now), _records);
    }

    internal Mutation Mutation { get; init; }

    private ClockReading Reading
    {
        get
        {
            Timestamp now = Notation.Start.Plus(_now);
            long monotonic = _now.ToInt64Nanoseconds() / 1_000;
            return _isHealthy
                ? ClockReading.Healthy(now, ClockInterval.Around(now, _uncertainty), monotonic)
                : ClockReading.Unhealthy(now, Unhealthy, monotonic);
        }
    }

    private CoordinatorMachine Machine => _machine ??= Start();

    /// <summary>Does one step; returns the effects that it had.</summary>
    public List<string> Play(Scenario.Step step)
    {
        string[] words = step.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words[0])
        {
            case ">":
                return Handle(_events.Read(step.Text[2..]));
            case "wait":
                _now += Notation.Length(words[1]);
                return Handle(new CoordinatorEvent.TimePassed());
            case "clock":
                SetClock(words[1..]);
                return [];
            case "tx":
                Declare(words[1], words[2..].Select(w => w.Split('=')).ToDictionary(p => p[0], p => p[1]));
                return [];
            case "options":
                Array.ForEach(words[1..], SetOption);
                return [];
            case "notices":
                _showsNotices = true;
                return [];
            case "cold":
                _isCold = true;
                return [];
            case "drained":
                return [Machine.IsDrained ? "yes" : "no"];
            case "open":
                return [$"{Machine.OpenTransactions}"];
            default:
                throw new FormatException($"Line {step.Line}: '{step.Text}' is no step.");
        }
    }

    private CoordinatorMachine Start()
    {
        CoordinatorMachine machine = new(Notation.Self, ProtocolLimits.Default, _options) { Mutation = Mutation };
        if (!_isCold)
        {
            // Every machine first searches the log; most scenarios are about something else.
            machine.Handle(new CoordinatorEvent.TimePassed(), Reading);
            machine.TakeEffects();
            machine.Handle(new CoordinatorEvent.UnappliedFound([]), Reading);
            machine.TakeEffects();
        }

        return machine;
    }

    private List<string> Handle(CoordinatorEvent e)
    {
        Machine.Handle(e, Reading);
        List<string> texts = [];
        foreach (CoordinatorEffect effect in Machine.TakeEffects())
        {
            if (effect is CoordinatorEffect.Record record)
            {
                _records[record.Batch] = record;
            }
            else if (effect is CoordinatorEffect.Answer { Reply: CoordinatorAnswer.Begun begun } answer)
            {
                _notation.Adopt($"b{answer.Call.Value}", begun.Context);
            }

            if (effect is not CoordinatorEffect.Notify || _showsNotices)
            {
                texts.Add(_texts.Of(effect));
            }
        }

        return texts;
    }

    private void SetClock(string[] words)
    {
        _isHealthy = words[0] != "unhealthy";
        if (_isHealthy && words[0] != "healthy")
        {
            _now = Notation.Length(words[0]);
            _uncertainty = words.Length > 1 ? Notation.Length(words[1].TrimStart('±')) : _uncertainty;
        }
    }

    private void Declare(string name, Dictionary<string, string> named) => _notation.Declare(
        name,
        named.TryGetValue("date", out string? date) ? Notation.Time(date) : Notation.Start.Plus(_now),
        Notation.Length(named.GetValueOrDefault("deadline", "30s")),
        named.GetValueOrDefault("client", "alice"),
        Notation.Coordinator(named.GetValueOrDefault("home", "a/1")));

    private void SetOption(string word)
    {
        string[] parts = word.Split('=');
        PropertyInfo property = typeof(CoordinatorOptions).GetProperty(parts[0])!;
        _options = _options with { };
        property.SetValue(_options, property.PropertyType == typeof(Duration)
            ? Notation.Length(parts[1])
            : int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
