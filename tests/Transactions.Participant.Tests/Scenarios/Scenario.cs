using System.Reflection;

namespace Transactions.Participant.Tests;

/// <summary>A history of one shard: what happens, and what the shard does about it.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Rules">The protocol's rules that it shows.</param>
/// <param name="Lines">The rest, line by line, comments and blank lines left out.</param>
internal sealed record Scenario(string Title, IReadOnlyList<string> Rules, IReadOnlyList<string> Lines)
{
    /// <summary>Every scenario of every <c>.scenario</c> file in this assembly.</summary>
    public static IReadOnlyList<Scenario> All { get; } = [.. ReadAll()];

    public static Scenario Find(string title) => All.Single(scenario => scenario.Title == title);

    private static IEnumerable<Scenario> ReadAll()
    {
        Assembly assembly = typeof(Scenario).Assembly;
        foreach (string file in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".scenario", StringComparison.Ordinal)).Order())
        {
            using StreamReader reader = new(assembly.GetManifestResourceStream(file)!);
            foreach (string text in reader.ReadToEnd().Split("\nscenario: ").Skip(1))
            {
                string[] lines = [.. text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0 && !line.StartsWith('#'))];
                string[] head = lines[0].TrimEnd(']').Split(" [");
                yield return new Scenario(head[0], head[1].Split(", "), lines[1..]);
            }
        }
    }
}
