using System.Text;
using System.Text.RegularExpressions;

namespace Transactions.Architecture.Tests;

/// <summary>The table in MUTANTS.md: each rule that stands for an execution which broke the protocol without it, and who notices.</summary>
internal static partial class MutantTable
{
    private const string Folder = "tests/Transactions.Simulation/Mutants";

    private static readonly (string Prefix, string File)[] Enums =
    [
        ("Coordinator", "coordinator/Transactions.Coordinator/Mutation.cs"),
        ("Participant", "participant/Transactions.Participant/Mutation.cs"),
        ("Session", "coordinator/Transactions.Model/Sessions/SessionMutation.cs"),
        ("Store", "tests/Transactions.TestKit/Storage/StoreMutation.cs"),
    ];

    private static readonly Lazy<string> AllTests =
        new(() => string.Join('\n', Repository.Sources("tests", "Tests.cs", "Contract.cs", ".Reads.cs", ".Writes.cs", ".Ownership.cs", ".scenario")
            .Select(path => $"file:{Path.GetFileName(path)}\n{Repository.Read(path)}")));

    /// <summary>A mark of the protocol.</summary>
    /// <param name="Rule">The rule, or the section's number.</param>
    /// <param name="Words">What it says.</param>
    /// <param name="Mutants">The mutants that break it.</param>
    /// <param name="Tests">The tests and scenarios that notice, beside the simulation.</param>
    /// <param name="Note">What else is to be said.</param>
    public sealed record Mark(string Rule, string Words, IReadOnlyList<string> Mutants, IReadOnlyList<string> Tests, string Note);

    public static IReadOnlyList<Mark> Marks { get; } =
    [
        .. Lines("marks.tsv").Select(cells => new Mark(
            cells[0], cells[1], Split(cells[2], ","), Split(cells[3], "|"), cells[4])),
    ];

    /// <summary>By mutant: how many seeds it took to catch it, or null for one that none caught; and how many were tried.</summary>
    public static IReadOnlyDictionary<string, (string? Seeds, string Tried)> Seeds { get; } =
        Lines("seeds.tsv").ToDictionary(cells => cells[0], cells => (cells[1].Length > 0 ? cells[1] : null, cells[2]));

    /// <summary>Every mutant that the code knows.</summary>
    public static IReadOnlyList<string> Mutants { get; } =
    [
        .. Enums.SelectMany(source => Member().Matches(Repository.Read(source.File))
            .Select(match => match.Groups["name"].Value)
            .Where(name => name != "None")
            .Select(name => $"{source.Prefix}.{name}")),
    ];

    /// <summary>The mutants that marks name, one by one: some are of two sides at once.</summary>
    public static IEnumerable<string> Marked => Marks.SelectMany(mark => mark.Mutants).SelectMany(mutant => mutant.Split('+'));

    /// <summary>Whether there is a test, scenario or file of scenarios of that name.</summary>
    public static bool IsThere(string test) => AllTests.Value.Contains($" {test}(", StringComparison.Ordinal)
        || AllTests.Value.Contains($"scenario: {test} [", StringComparison.Ordinal)
        || AllTests.Value.Contains($"file:{test}\n", StringComparison.Ordinal);

    public static string ToMarkdown()
    {
        StringBuilder table = new("| rule | says | mutant: seeds until caught | also noticed by | |\n|---|---|---|---|---|\n");
        foreach (Mark mark in Marks)
        {
            string mutants = string.Join("<br>", mark.Mutants.Select(m => $"`{m}`: {Caught(m)}"));
            string tests = string.Join("<br>", mark.Tests);
            table.Append($"| {mark.Rule} | {mark.Words.Replace("|", "\\|")} | {mutants} | {tests} | {mark.Note} |\n");
        }

        return table.ToString();
    }

    private static string Caught(string mutant) => Seeds.TryGetValue(mutant, out var known)
        ? known.Seeds ?? $"none of {known.Tried}"
        : "not hunted";

    private static IEnumerable<string[]> Lines(string file) => Repository.Read($"{Folder}/{file}")
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split('\t'));

    private static string[] Split(string cell, string separator) =>
        cell.Split(separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"^    (?<name>\w+)( = \d+)?,\r?$", RegexOptions.Multiline)]
    private static partial Regex Member();
}
