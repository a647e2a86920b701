using System.Diagnostics;
using HdrHistogram;
using Spectre.Console;
using Transactions.LocalPostgres;

namespace Transactions.Benchmarks.Transfers;

/// <summary>Measures transfers between two shards, in turn with raw two-phase commit, on one durable PostgreSQL server.</summary>
internal static class TransferBenchmark
{
    // Four processes compile their hot paths while they run, which takes more of two processors than the transfers do.
    private static readonly TimeSpan WarmUpWindow = TimeSpan.FromSeconds(4);
    private const int WindowsWithoutGain = 3;
    private const double Gain = 1.05;

    public static async Task<int> RunAsync(TransferSettings settings, CancellationToken cancellationToken)
    {
        string logs = Path.Combine(Path.GetTempPath(), $"transactions-benchmark-{Environment.ProcessId}");
        await using PostgresServer server = await PostgresServer.StartAsync(
            PostgresOptions.FromEnvironment() with
            {
                Durable = true,
                Settings = new Dictionary<string, string> { ["max_connections"] = "400", ["max_prepared_transactions"] = "300" },
            },
            cancellationToken);
        AnsiConsole.MarkupLineInterpolated($"{server.Description}; {Environment.ProcessorCount} processors; {settings.Clients} at once");

        List<ITransferEngine> engines = [];
        try
        {
            engines.Add(await TransactionsEngine.StartAsync(server, settings.Accounts, logs, cancellationToken));
            if (settings.IsCompared)
            {
                engines.Add(await RawTwoPhaseEngine.StartAsync(server, settings.Accounts, cancellationToken));
            }

            bool isPreserved = await MeasureAsync(engines, settings, cancellationToken);
            return isPreserved ? 0 : 1;
        }
        finally
        {
            foreach (ITransferEngine engine in engines)
            {
                await engine.DisposeAsync();
            }

            Directory.Delete(logs, recursive: true);
        }
    }

    private static async Task<bool> MeasureAsync(
        List<ITransferEngine> engines, TransferSettings settings, CancellationToken cancellationToken)
    {
        Dictionary<ITransferEngine, List<Round>> rounds = engines.ToDictionary(engine => engine, _ => new List<Round>());
        foreach (ITransferEngine engine in engines)
        {
            await WarmUpAsync(engine, settings, cancellationToken);
        }

        for (int i = 1; i <= settings.Rounds; i++)
        {
            foreach (ITransferEngine engine in engines)
            {
                Round round = await RunRoundAsync(engine, settings, seed: i, cancellationToken);
                rounds[engine].Add(round);
                AnsiConsole.MarkupLineInterpolated($"round {i}, {engine.Name}: {round}");
            }
        }

        Table table = new Table().AddColumns("Engine", "Transfers/s (median)", "p50 ms", "p99 ms", "Ratio", "Total preserved");
        bool arePreserved = true;
        double baseline = Median(rounds[engines[^1]].Select(round => round.PerSecond));
        foreach (ITransferEngine engine in engines)
        {
            bool isPreserved = await engine.TotalAsync(cancellationToken) == 2 * settings.Accounts * TransactionsEngine.OpeningBalance;
            arePreserved &= isPreserved;
            double perSecond = Median(rounds[engine].Select(round => round.PerSecond));
            table.AddRow(
                engine.Name,
                $"{perSecond:0}",
                $"{Median(rounds[engine].Select(round => round.P50)):0.0}",
                $"{Median(rounds[engine].Select(round => round.P99)):0.0}",
                $"{perSecond / baseline:0.00}",
                isPreserved ? "yes" : "NO");
        }

        AnsiConsole.Write(table);
        return arePreserved;
    }

    // Until several windows in a row bring nothing more, or the time for it is over.
    private static async Task WarmUpAsync(ITransferEngine engine, TransferSettings settings, CancellationToken cancellationToken)
    {
        long startedAt = Stopwatch.GetTimestamp();
        double best = 0;
        for (int idle = 0; idle < WindowsWithoutGain && Stopwatch.GetElapsedTime(startedAt) < settings.LongestWarmUp;)
        {
            Round round = await RunRoundAsync(engine, settings with { Round = WarmUpWindow }, seed: 0, cancellationToken);
            idle = round.PerSecond > best * Gain ? 0 : idle + 1;
            best = Math.Max(best, round.PerSecond);
        }

        AnsiConsole.MarkupLineInterpolated($"{engine.Name}: warm after {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:0} s");
    }

    private static async Task<Round> RunRoundAsync(
        ITransferEngine engine, TransferSettings settings, int seed, CancellationToken cancellationToken)
    {
        LongConcurrentHistogram latencies = new(1, 60_000_000, 3);
        long startedAt = Stopwatch.GetTimestamp();
        long transfers = 0;
        await Task.WhenAll(Enumerable.Range(0, settings.Clients).Select(client => Task.Run(
            async () =>
            {
                Random random = new((seed * 1_000) + client);
                while (Stopwatch.GetElapsedTime(startedAt) < settings.Round)
                {
                    long began = Stopwatch.GetTimestamp();
                    await engine.TransferAsync(random.Next(settings.Accounts), random.Next(settings.Accounts), cancellationToken);
                    latencies.RecordValue(Math.Max(1, (long)Stopwatch.GetElapsedTime(began).TotalMicroseconds));
                    Interlocked.Increment(ref transfers);
                }
            },
            cancellationToken)));
        return new Round(
            transfers / Stopwatch.GetElapsedTime(startedAt).TotalSeconds,
            latencies.GetValueAtPercentile(50) / 1_000.0,
            latencies.GetValueAtPercentile(99) / 1_000.0);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private sealed record Round(double PerSecond, double P50, double P99)
    {
        public override string ToString() => $"{PerSecond:0} transfers/s, p50 {P50:0.0} ms, p99 {P99:0.0} ms";
    }
}
