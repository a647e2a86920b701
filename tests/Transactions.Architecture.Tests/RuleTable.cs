using System.Text;
using System.Text.RegularExpressions;

namespace Transactions.Architecture.Tests;

/// <summary>The table in PROTOCOL.md: each rule, the files that keep it, the tests that cite it; read off the source.</summary>
internal static partial class RuleTable
{
    private static readonly string[] ProductFolders = ["clocks", "coordinator", "participant"];

    /// <summary>All rules but S3, which is hybrid mode's.</summary>
    public static IReadOnlyList<string> Rules { get; } =
    [
        .. Numbered("T", 5), .. Numbered("X", 12), .. Numbered("S", 4).Where(rule => rule != "S3"), .. Numbered("L", 6), .. Numbered("D", 6),
    ];

    /// <summary>The files whose code or comments cite a rule.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Keepers() =>
        Cite(ProductFolders.SelectMany(folder => Repository.Sources(folder, ".cs", ".sql")), Citation());

    /// <summary>The test files and scenarios that carry a rule's trait, or cite it.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Tests()
    {
        IEnumerable<string> files = Repository.Sources("tests", ".cs", ".scenario").Where(path => !path.Contains("Architecture.Tests"));
        return Cite(files, TestCitation());
    }

    public static string ToMarkdown()
    {
        IReadOnlyDictionary<string, IReadOnlyList<string>> keepers = Keepers();
        IReadOnlyDictionary<string, IReadOnlyList<string>> tests = Tests();
        StringBuilder table = new("| rule | kept in | tests |\n|---|---|---|\n");
        foreach (string rule in Rules)
        {
            table.Append($"| {rule} | {List(keepers[rule])} | {List(tests[rule])} |\n");
        }

        return table.ToString();
    }

    private static IEnumerable<string> Numbered(string letter, int count) => Enumerable.Range(1, count).Select(i => $"{letter}{i}");

    private static Dictionary<string, IReadOnlyList<string>> Cite(IEnumerable<string> files, Regex citation)
    {
        Dictionary<string, SortedSet<string>> cited = Rules.ToDictionary(rule => rule, _ => new SortedSet<string>(StringComparer.Ordinal));
        foreach (string file in files)
        {
            foreach (Match match in citation.Matches(Repository.Read(file)))
            {
                foreach (Match rule in Rule().Matches(match.Value))
                {
                    if (cited.TryGetValue(rule.Value, out SortedSet<string>? citing))
                    {
                        citing.Add(file);
                    }
                }
            }
        }

        return cited.ToDictionary(pair => pair.Key, IReadOnlyList<string> (pair) => [.. pair.Value]);
    }

    private static string List(IReadOnlyList<string> files) =>
        string.Join(", ", files.Select(file => $"[{Path.GetFileNameWithoutExtension(file)}]({Link(file)})"));

    // PROTOCOL.md stands in coordinator/.
    private static string Link(string file) =>
        file.StartsWith("coordinator/", StringComparison.Ordinal) ? file["coordinator/".Length..] : $"../{file}";

    [GeneratedRegex(@"\b[TXSLD]\d{1,2}\b")]
    private static partial Regex Rule();

    // In comments only: an identifier or a string may look like a rule.
    [GeneratedRegex(@"(//|--).*\b[TXSLD]\d{1,2}\b.*")]
    private static partial Regex Citation();

    [GeneratedRegex(@"((Trait\(""Rule"",.*)|(^\s*(//|#).*\b[TXSLD]\d{1,2}\b.*))", RegexOptions.Multiline)]
    private static partial Regex TestCitation();
}
