using System.Globalization;
using System.Text;

namespace Transactions.Simulation;

/// <summary>Which seed is known to catch each mutant: the table that <c>--mutant all --record</c> writes.</summary>
internal static class KnownSeeds
{
    private const string Head = "mutant\tseed\ttried\tinvariant";

    /// <summary>The table as it was when this assembly was built.</summary>
    public static IReadOnlyDictionary<string, CaughtMutant> All { get; } = ReadBuiltIn();

    public static void Write(string path, IEnumerable<CaughtMutant> found)
    {
        StringBuilder text = new($"{Head}\n");
        foreach (CaughtMutant mutant in found)
        {
            text.Append(CultureInfo.InvariantCulture, $"{mutant.Name}\t{mutant.Seed}\t{mutant.Tried}\t{mutant.Invariant}\n");
        }

        File.WriteAllText(path, text.ToString());
    }

    public static IReadOnlyDictionary<string, CaughtMutant> Read(string path) =>
        File.Exists(path) ? Parse(File.ReadAllText(path)) : new Dictionary<string, CaughtMutant>();

    private static Dictionary<string, CaughtMutant> ReadBuiltIn()
    {
        using StreamReader reader = new(typeof(KnownSeeds).Assembly.GetManifestResourceStream("seeds.tsv")!);
        return Parse(reader.ReadToEnd());
    }

    private static Dictionary<string, CaughtMutant> Parse(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(line => line.Split('\t'))
            .Select(cells => new CaughtMutant(
                cells[0],
                cells[1].Length > 0 ? ulong.Parse(cells[1], CultureInfo.InvariantCulture) : null,
                int.Parse(cells[2], CultureInfo.InvariantCulture),
                cells[3]))
            .ToDictionary(mutant => mutant.Name);
}
