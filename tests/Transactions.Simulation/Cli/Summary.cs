using Spectre.Console;

namespace Transactions.Simulation;

/// <summary>Adds up what seeds came to, and shows it.</summary>
internal sealed class Summary
{
    private readonly Counters _counters = new();
    private readonly Lock _gate = new();
    private long _microseconds;
    private long _steps;
    private int _calm;
    private long _fewestTransactions = long.MaxValue;
    private long _fewestFaults = long.MaxValue;

    public int Seeds { get; private set; }

    /// <summary>Seeds with a clock beyond its bound that broke an invariant, and hold without the excess.</summary>
    public int ExcessesCaught { get; private set; }

    public void Add(SimulationResult result)
    {
        lock (_gate)
        {
            Seeds++;
            _counters.Add(result.Counters);
            _microseconds += result.Microseconds;
            _steps += result.Steps;
            _fewestTransactions = Math.Min(_fewestTransactions, result.Counters[Path.Transactions]);
            if (result.Scenario.IsCalm)
            {
                _calm++;
            }
            else
            {
                _fewestFaults = Math.Min(_fewestFaults, result.Counters.Faults);
            }
        }
    }

    public void AddExcessCaught()
    {
        lock (_gate)
        {
            ExcessesCaught++;
        }
    }

    public void Show(ulong first, TimeSpan elapsed, TimeSpan processor)
    {
        Show("path", [.. Enum.GetValues<Path>().Select(path => ($"{path}", _counters[path]))], 3);
        Show("fault", [.. Enum.GetValues<Fault>().Select(fault => ($"{fault}", _counters[fault]))], 3);
        Show("rule", [.. Enum.GetValues<Rule>().Select(rule => ($"{rule}", Rules.Exercised(rule, _counters)))], 8);
        Table crashes = new Table().AddColumns(["crashed at", .. Enum.GetNames<CrashPlace>()]);
        foreach (StorageStep step in Enum.GetValues<StorageStep>())
        {
            crashes.AddRow([$"{step}", .. Enum.GetValues<CrashPlace>().Select(place => $"{_counters[step, place]}")]);
        }

        AnsiConsole.Write(crashes);
        foreach ((Rule rule, string why) in Rules.Excepted)
        {
            AnsiConsole.WriteLine($"{rule} isn't exercised: {why}.");
        }

        long transactions = _counters[Path.Transactions];
        long ended = _counters[Path.Committed] + _counters[Path.Aborted];
        AnsiConsole.MarkupLineInterpolated(
            $"{Seeds} seeds from {first}; {_microseconds / 3_600e6:0.00} simulated hours; {transactions} transactions: {_counters[Path.Committed]} committed, {_counters[Path.Aborted]} aborted, {Math.Max(0, transactions - ended)} of which nobody ever heard; {_counters[Path.ToldInDoubt]} clients left in doubt");
        AnsiConsole.MarkupLineInterpolated(
            $"{_counters.Faults} faults; {_steps} steps; {elapsed.TotalSeconds:0.0} s: {transactions / elapsed.TotalSeconds:0} transactions/s, {transactions / processor.TotalSeconds:0} a second of processor time");
        if (Seeds > _calm)
        {
            AnsiConsole.MarkupLineInterpolated(
                $"{_calm} seeds were calm; each had at least {_fewestTransactions} transactions, and the others at least {_fewestFaults} faults");
        }

        if (ExcessesCaught > 0)
        {
            AnsiConsole.MarkupLineInterpolated(
                $"{ExcessesCaught} seeds broke an invariant while a clock was beyond its bound, and hold without that");
        }
    }

    private static void Show(string title, (string Name, long Count)[] counts, int across)
    {
        Table table = new();
        for (int column = 0; column < across; column++)
        {
            table.AddColumn(new TableColumn(title).NoWrap());
            table.AddColumn(new TableColumn("times").RightAligned().NoWrap());
        }

        int rows = (counts.Length + across - 1) / across;
        for (int row = 0; row < rows; row++)
        {
            List<string> cells = [];
            for (int column = 0; column < across; column++)
            {
                int index = row + (column * rows);
                cells.Add(index < counts.Length ? counts[index].Name : "");
                cells.Add(index < counts.Length ? $"{counts[index].Count}" : "");
            }

            table.AddRow([.. cells]);
        }

        AnsiConsole.Write(table);
    }
}
