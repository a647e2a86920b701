using Transactions.Histories;

namespace Transactions.Simulation;

/// <summary>What a run of seeds prints and writes besides its summary.</summary>
/// <param name="IsTraced">Whether all that happens is printed; for one seed.</param>
/// <param name="Tail">How many lines of the trace a failure shows.</param>
/// <param name="Shrinks">Whether a failure is made shorter.</param>
/// <param name="HistoryPath">Where histories are written; null for nowhere. Of several seeds, each gets its own file.</param>
internal sealed record SeedOutput(bool IsTraced, int Tail, bool Shrinks, string? HistoryPath)
{
    public void Write(ulong seed, SimulationResult result, bool isOne)
    {
        if (HistoryPath is null || result.History is null)
        {
            return;
        }

        string path = isOne
            ? HistoryPath
            : $"{HistoryPath[..^System.IO.Path.GetExtension(HistoryPath).Length]}-{seed}{System.IO.Path.GetExtension(HistoryPath)}";
        using FileStream file = File.Create(path);
        HistoryWriter.Write(result.History, file);
    }
}
