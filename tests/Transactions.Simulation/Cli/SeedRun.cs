using System.Diagnostics;
using Spectre.Console;
using Transactions.Histories;

namespace Transactions.Simulation;

/// <summary>Runs seeds, each on one thread, shows how far it is, and what came of it.</summary>
internal sealed class SeedRun(ulong first, int count, int threads, SeedSettings settings, SeedOutput output)
{
    private readonly Summary _summary = new();
    private readonly Lock _gate = new();
    private SimulationResult? _broken;
    private int _next;

    /// <summary>Runs all seeds, or until one breaks an invariant.</summary>
    /// <returns>The exit code: 1 when an invariant is broken.</returns>
    public int Run()
    {
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 130);
        long startedAt = TimeProvider.System.GetTimestamp();
        using Process self = Process.GetCurrentProcess();
        TimeSpan processor = self.TotalProcessorTime;
        if (count == 1)
        {
            // Nothing may come between the lines of a trace.
            Work(static () => { });
        }
        else
        {
            AnsiConsole.Progress().HideCompleted(true).Start(progress =>
            {
                ProgressTask task = progress.AddTask("seeds", maxValue: count);
                Thread[] workers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() => Work(() => task.Increment(1))))];
                Array.ForEach(workers, worker => worker.Start());
                Array.ForEach(workers, worker => worker.Join());
            });
        }

        self.Refresh();
        _summary.Show(first, TimeProvider.System.GetElapsedTime(startedAt), self.TotalProcessorTime - processor);
        if (_broken is { } broken)
        {
            Explain(broken);
        }

        return _broken is null ? 0 : 1;
    }

    private void Work(Action advance)
    {
        while (true)
        {
            ulong seed;
            lock (_gate)
            {
                if (_next == count || _broken is not null)
                {
                    return;
                }

                seed = first + (ulong)_next++;
            }

            RunOne(seed);
            advance();
        }
    }

    private void RunOne(ulong seed)
    {
        bool isTraced = output.IsTraced && count == 1;
        using Trace trace = new(isTraced, isTraced ? Console.WriteLine : null);
        SimulationResult result = SimulationRun.Run(settings.ToScenario(seed), trace);
        _summary.Add(result);
        output.Write(seed, result, isOne: count == 1);
        if (count == 1)
        {
            Console.WriteLine($"seed {seed} ({result.Scenario.Profile}, {result.Scenario.Workload}): trace {result.TraceHash}");
        }

        if (result.Violation is null)
        {
            return;
        }

        if (result.Scenario.ClockExcess > 0 && HoldsWithoutExcess(seed))
        {
            _summary.AddExcessCaught();
            return;
        }

        lock (_gate)
        {
            // Whichever thread was first: the least seed, so that the same command tells the same.
            if (_broken is null || result.Scenario.Seed < _broken.Scenario.Seed)
            {
                _broken = result;
            }
        }
    }

    private bool HoldsWithoutExcess(ulong seed)
    {
        using Trace trace = new(isWritten: false);
        SeedSettings within = settings with { Without = settings.Without.Add("excess") };
        return SimulationRun.Run(within.ToScenario(seed) with { LeastFaults = 0 }, trace).Violation is null;
    }

    // Shrinks it, and shows what led to it.
    private void Explain(SimulationResult broken)
    {
        ulong seed = broken.Scenario.Seed;
        AnsiConsole.MarkupLineInterpolated($"[red]seed {seed}[/] ({broken.Scenario.Profile}, {broken.Scenario.Workload}, mutant {broken.Scenario.Mutant}):");
        Console.WriteLine(broken.Violation);
        Console.WriteLine($"again: {settings.ToCommand(seed)}");
        if (!output.Shrinks)
        {
            return;
        }

        SeedSettings smallest = new Shrinker(settings, static _ => { }).Shrink(seed, broken);
        using Trace trace = new(isWritten: false);
        SimulationResult again = SimulationRun.Run(smallest.ToScenario(seed), trace);
        foreach (string line in trace.Tail(output.Tail))
        {
            Console.WriteLine(line);
        }

        Console.WriteLine(again.Violation);
        Console.WriteLine(
            $"shrunk to {again.Counters[Path.Transactions]} transactions and {again.Counters.Faults} faults: {smallest.ToCommand(seed)}");
    }
}
