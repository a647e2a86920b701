using Spectre.Console;

namespace Transactions.Simulation;

/// <summary>Runs seeds one after the other, shows how far it is, and what came of it.</summary>
internal sealed class SeedRun(ulong first, int count, Profile? profile, int tail, bool isTraced)
{
    private readonly Counters _counters = new();
    private long _steps;

    /// <summary>Runs all seeds, or until one breaks an invariant.</summary>
    /// <returns>The exit code: 1 when an invariant is broken.</returns>
    public int Run(Mutant mutant)
    {
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 110);
        long startedAt = TimeProvider.System.GetTimestamp();
        SimulationResult? broken = null;
        int done = 0;
        if (isTraced)
        {
            // Nothing may come between the lines.
            RunAll(static () => { });
        }
        else
        {
            AnsiConsole.Progress().HideCompleted(true).Start(progress =>
            {
                ProgressTask task = progress.AddTask("seeds", maxValue: count);
                RunAll(() => task.Increment(1));
            });
        }

        TimeSpan elapsed = TimeProvider.System.GetElapsedTime(startedAt);
        ShowCounters();
        AnsiConsole.MarkupLineInterpolated(
            $"{done} seeds from {first}, {_counters[Path.Transactions]} transactions, {_steps} steps in {elapsed.TotalSeconds:0.0} s: {_counters[Path.Transactions] / elapsed.TotalSeconds:0} transactions/s");
        return broken is null ? 0 : 1;

        void RunAll(Action advance)
        {
            for (; done < count && broken is null; done++)
            {
                SimulationResult result = RunOne(first + (ulong)done, mutant);
                broken = result.Violation is null ? null : result;
                advance();
            }
        }
    }

    private SimulationResult RunOne(ulong seed, Mutant mutant)
    {
        using Trace trace = new(isTraced, isTraced ? Console.WriteLine : null);
        SimulationResult result = SimulationRun.Run(Scenario.FromSeed(seed, mutant, profile), trace);
        _counters.Add(result.Counters);
        _steps += result.Steps;
        if (result.Violation is not null)
        {
            Show(result, trace);
        }
        else if (count == 1)
        {
            Console.WriteLine($"seed {seed} ({result.Scenario.Profile}): trace {result.TraceHash}");
        }

        return result;
    }

    private void Show(SimulationResult result, Trace trace)
    {
        if (!isTraced)
        {
            foreach (string line in trace.Tail(tail))
            {
                Console.WriteLine(line);
            }
        }

        AnsiConsole.MarkupLineInterpolated($"[red]seed {result.Scenario.Seed}[/] ({result.Scenario.Profile}, mutant {result.Scenario.Mutant}):");
        Console.WriteLine(result.Violation);
        Console.WriteLine($"run it again with --seed {result.Scenario.Seed} --trace{(profile is null ? "" : $" --profile {profile}")}");
    }

    private void ShowCounters()
    {
        Table table = new Table().AddColumns(Enumerable.Repeat(new[] { new TableColumn("path").NoWrap(), new TableColumn("times").RightAligned() }, 3).SelectMany(c => c).ToArray());
        Path[] paths = Enum.GetValues<Path>();
        int rows = (paths.Length + 2) / 3;
        for (int i = 0; i < rows; i++)
        {
            List<string> cells = [];
            for (int column = 0; column < 3; column++)
            {
                int index = i + (column * rows);
                cells.Add(index < paths.Length ? $"{paths[index]}" : "");
                cells.Add(index < paths.Length ? $"{_counters[paths[index]]}" : "");
            }

            table.AddRow([.. cells]);
        }

        AnsiConsole.Write(table);
    }
}
