using System.Collections.Immutable;

namespace Transactions.Histories.Tests;

/// <summary>
/// A store that is strictly serializable by making: each transaction takes effect at one moment between its beginning and its
/// end, at a timestamp of its own. Processes begin and end their transactions in any order.
/// </summary>
internal sealed class World(int seed, WorldOptions options)
{
    private readonly Random _random = new(seed);
    private readonly HistoryRecorder _recorder = HistoryRecorder.SingleThreaded();
    private readonly SortedDictionary<string, List<(long At, long? Value)>> _versions = new(StringComparer.Ordinal);
    private readonly List<ImmutableArray<Operation>> _late = [];
    private long _clock = 100;
    private long _value;
    private int _written;
    private int _begun;

    public static History Run(int seed, WorldOptions options) => new World(seed, options).Run();

    private History Run()
    {
        Running?[] running = new Running?[options.Processes];
        while (_begun < options.Transactions || running.Any(transaction => transaction is not null))
        {
            int process = _random.Next(options.Processes);
            switch (running[process])
            {
                case null when _begun < options.Transactions:
                    running[process] = Begin(process);
                    break;
                case { IsDone: false } transaction:
                    Apply(transaction);
                    break;
                case { } transaction:
                    End(process, transaction);
                    running[process] = null;
                    break;
            }

            // What was in doubt may take effect long after its client went on.
            if (_late.Count > 0 && _random.Next(10) == 0)
            {
                Execute(_late[0], ++_clock);
                _late.RemoveAt(0);
            }
        }

        return _recorder.ToHistory();
    }

    private Running Begin(int process)
    {
        _begun++;
        bool isSnapshot = options.Snapshots && _random.Next(4) == 0;
        ImmutableArray<Operation>.Builder plan = ImmutableArray.CreateBuilder<Operation>();
        int count = 1 + _random.Next(options.MaxOperations);
        for (int i = 0; i < count; i++)
        {
            plan.Add(Plan(isSnapshot));
        }

        ImmutableArray<Operation> planned = plan.DrainToImmutable();
        _recorder.Invoke(process, _clock, planned);
        return new Running(planned, isSnapshot);
    }

    private Operation Plan(bool isSnapshot)
    {
        string key = $"k{_random.Next(options.Keys) + (options.WritesPerKeySet == 0 ? 0 : _written / options.WritesPerKeySet * options.Keys)}";
        int kind = _random.Next(10);
        if (options.Scans && kind < 2)
        {
            return Operation.Scan(kind == 0 ? "" : key, kind == 0 ? null : "k2");
        }

        if (isSnapshot || kind < 6)
        {
            return Operation.Read(key);
        }

        _written++;
        return !options.Registers ? Operation.Append(key, ++_value)
            : !options.Repeats ? Operation.Write(key, ++_value)
            : _random.Next(4) is var value and not 0 ? Operation.Write(key, value)
            : Operation.Write(key, null);
    }

    private void Apply(Running transaction)
    {
        transaction.IsDone = true;
        int fate = options.InDoubt && !transaction.IsSnapshot ? _random.Next(12) : 99;
        if (fate == 0)
        {
            transaction.Type = EventType.Fail;
        }
        else if (fate == 1)
        {
            transaction.Type = EventType.Info;
            if (_random.Next(2) == 0)
            {
                _late.Add(transaction.Plan);
            }
        }
        else
        {
            transaction.Type = fate == 2 ? EventType.Info : EventType.Ok;
            bool isStale = transaction.IsSnapshot && _random.Next(3) == 0;
            transaction.IsStale = isStale;
            transaction.At = isStale ? _random.NextInt64(99, _clock + 1) : ++_clock;
            transaction.Done = Execute(transaction.Plan, transaction.At);
        }
    }

    private void End(int process, Running transaction)
    {
        if (transaction.Type == EventType.Fail)
        {
            _recorder.Fail(process, _clock);
        }
        else if (transaction.Type == EventType.Info)
        {
            _recorder.Info(process, _clock);
        }
        else if (transaction.IsSnapshot)
        {
            _recorder.OkSnapshot(process, _clock, transaction.Done, options.Timestamps ? transaction.At : null, transaction.IsStale);
        }
        else
        {
            _recorder.Ok(process, _clock, transaction.Done, options.Timestamps ? transaction.At : null);
        }
    }

    private ImmutableArray<Operation> Execute(ImmutableArray<Operation> plan, long at)
    {
        ImmutableArray<Operation>.Builder done = ImmutableArray.CreateBuilder<Operation>();
        foreach (Operation operation in plan)
        {
            switch (operation.Kind)
            {
                case OperationKind.Read:
                    done.Add(Read(operation.Key, at));
                    break;
                case OperationKind.Scan:
                    done.Add(Operation.Scan(operation.Key, operation.End, [.. _versions.Keys
                        .Where(key => KeyOrder.IsInRange(key, operation.Key, operation.End))
                        .Select(key => Read(key, at)).Where(read => read.Value is not null || !read.Elements.IsDefaultOrEmpty)
                        .Select(read => read.Value is { } value ? new ScanEntry(read.Key, value) : new ScanEntry(read.Key, read.Elements))]));
                    break;
                default:
                    if (!_versions.TryGetValue(operation.Key, out List<(long At, long? Value)>? versions))
                    {
                        _versions.Add(operation.Key, versions = []);
                    }

                    versions.Add((at, operation.Value));
                    done.Add(operation);
                    break;
            }
        }

        return done.DrainToImmutable();
    }

    private Operation Read(string key, long at)
    {
        List<(long At, long? Value)>? versions = _versions.GetValueOrDefault(key);
        return options.Registers
            ? Operation.Read(key, versions?.FindLast(version => version.At <= at) is { At: > 0 } found ? found.Value : null)
            : Operation.Read(key, versions is null ? [] : [.. versions.Where(version => version.At <= at).Select(version => version.Value!.Value)]);
    }

    private sealed class Running(ImmutableArray<Operation> plan, bool isSnapshot)
    {
        public ImmutableArray<Operation> Plan { get; } = plan;

        public bool IsSnapshot { get; } = isSnapshot;

        public bool IsDone { get; set; }

        public bool IsStale { get; set; }

        public EventType Type { get; set; }

        public long At { get; set; }

        public ImmutableArray<Operation> Done { get; set; } = [];
    }
}
