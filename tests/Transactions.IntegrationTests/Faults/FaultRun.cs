using System.Diagnostics;
using System.Globalization;
using Transactions.Client;
using Transactions.Histories;

namespace Transactions.IntegrationTests.Faults;

/// <summary>Workloads over a cluster while a schedule's faults come; then everything must end, and the histories hold.</summary>
internal sealed class FaultRun(FaultCluster cluster, string name, FaultSchedule schedule, Action<string> print)
{
    // Before the first fault, and again after the last one: the work goes on.
    private const int Commits = 30;

    private readonly List<string> _log = [];
    private readonly List<string> _wrong = [];
    private readonly long _startedAt = Stopwatch.GetTimestamp();

    /// <summary>Runs it.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What was done, for people.</returns>
    /// <exception cref="FaultsNotSurvivedException">Something is wrong; histories, logs and schedule are kept.</exception>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        Say(schedule.ToString());
        Nemesis nemesis = new(cluster, Say);
        await using ListWorkload lists = new(cluster, name, schedule.Seed);
        await using BankWorkload bank = new(cluster, name, schedule.Seed);
        TimeSpan checking = TimeSpan.Zero;
        try
        {
            await bank.OpenAsync(cancellationToken);
            await WorkUnderFaultsAsync(nemesis, [lists, bank], cancellationToken);
            Say("the work is over");
            await Ending.UntilNothingIsLeftAsync(cluster, cancellationToken);
            await lists.ReadAllAsync(cancellationToken);
            await bank.ReadAllAsync(cancellationToken);
            Say("everything ended, and was read");
            long checkedFrom = Stopwatch.GetTimestamp();
            _wrong.AddRange(Verdict.OnLists(lists.Recording.ToHistory()));
            _wrong.AddRange(Verdict.OnBank(bank.Recording.ToHistory(), bank.Accounts, bank.Total));
            checking = Stopwatch.GetElapsedTime(checkedFrom);
            await using TransactionClient asking = cluster.Connect($"{name}-asks", TimeSpan.FromSeconds(10));
            _wrong.AddRange(await Verdict.OnDoubtsAsync(lists.Recording, asking, cancellationToken));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _wrong.Add(e.ToString());
        }

        _wrong.AddRange(cluster.Members.SelectMany(member => member.OwnEnds));
        AddWrongOf(lists);
        AddWrongOf(bank);
        string summary = Summarize(nemesis, [lists, bank], checking);
        Say(summary);
        return _wrong.Count == 0
            ? summary
            : throw new FaultsNotSurvivedException(
                $"{name}, seed {schedule.Seed}: {string.Join('\n', _wrong)}\n{summary}\n{schedule}\nkept in {Keep([lists, bank])}");
    }

    private async Task WorkUnderFaultsAsync(
        Nemesis nemesis, IReadOnlyList<IWorkload> workloads, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task working = Task.WhenAll(workloads.Select(workload => workload.RunAsync(stop.Token)));
        try
        {
            await UntilMoreCommittedAsync(workloads, cancellationToken);
            using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            enough.CancelAfter(schedule.Length ?? Timeout.InfiniteTimeSpan);
            await nemesis.RunAsync(schedule, enough.Token);
            Say("the faults are over");
            await UntilMoreCommittedAsync(workloads, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await working;
        }
    }

    private static Task UntilMoreCommittedAsync(IReadOnlyList<IWorkload> workloads, CancellationToken cancellationToken)
    {
        (IWorkload Workload, int Enough)[] wanted = [.. workloads.Select(workload => (workload, workload.Recording.Ok + Commits))];
        return Patience.UntilAsync(
            "the work goes on",
            () => Task.FromResult(wanted.FirstOrDefault(w => w.Workload.Recording.Ok < w.Enough) is { Workload: { } behind, Enough: var enough }
                ? $"Of {behind.Name} {behind.Recording.Ok} transactions of {enough} committed."
                : null),
            cancellationToken);
    }

    private void AddWrongOf(IWorkload workload)
    {
        _wrong.AddRange(workload.Recording.Unexpected.Distinct().Take(5).Select(e => $"{workload.Name}: a client threw {e}"));
    }

    private string Summarize(Nemesis nemesis, IReadOnlyList<IWorkload> workloads, TimeSpan checking)
    {
        List<string> lines = [$"{name}, seed {schedule.Seed}, {Stopwatch.GetElapsedTime(_startedAt).TotalSeconds:0.0} s:"];
        foreach (IWorkload workload in workloads)
        {
            Recording told = workload.Recording;
            History history = told.ToHistory();
            int operations = history.Events.Where(e => e.Type != EventType.Invoke).Sum(e => e.Operations.Length);
            lines.Add($"  {workload.Name}: {told.Ok} ok, {told.Failed} fail, {told.InDoubt} info; "
                + $"{operations} operations, {history.Events.Length} events");
        }

        lines.Add($"  {nemesis.Done.Values.Sum()} faults: "
            + string.Join(", ", nemesis.Done.OrderBy(kind => kind.Key).Select(kind => $"{kind.Key} {kind.Value}")));
        lines.Add($"  checked in {checking.TotalSeconds:0.00} s");
        return string.Join('\n', lines);
    }

    private string Keep(IReadOnlyList<IWorkload> workloads)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "faults", $"{name}-{schedule.Seed}");
        Directory.CreateDirectory(folder);
        foreach (IWorkload workload in workloads)
        {
            using FileStream file = File.Create(Path.Combine(folder, $"{workload.Name}.jsonl"));
            HistoryWriter.Write(workload.Recording.ToHistory(), file);
        }

        foreach (string log in Directory.EnumerateFiles(cluster.LogFolder))
        {
            File.Copy(log, Path.Combine(folder, Path.GetFileName(log)), overwrite: true);
        }

        lock (_log)
        {
            File.WriteAllLines(Path.Combine(folder, "run.txt"), [.. _log, .. _wrong]);
        }

        return folder;
    }

    private void Say(string what)
    {
        string line = string.Create(
            CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {Stopwatch.GetElapsedTime(_startedAt).TotalSeconds,7:0.00} s  {what}");
        lock (_log)
        {
            _log.Add(line);
        }

        print(line);
    }
}
