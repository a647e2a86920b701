using System.Text.RegularExpressions;

namespace Transactions.Coordinator.Tests.Structure;

/// <summary>PROTOCOL.md's state tables have the states of the code, in its words and its order.</summary>
public sealed partial class StateNamesTests
{
    [Theory]
    [InlineData("A coordinator's transaction (`TransactionState`):", "coordinator/Transactions.Coordinator/Running/TransactionState.cs")]
    [InlineData("A shard's transaction (`TransactionStatus`):", "participant/Transactions.Participant/Transactions/TransactionStatus.cs")]
    public void Table_InTheProtocol_NamesTheStatesOfTheCode(string heading, string file)
    {
        string[] inCode = [.. Member().Matches(Read(file)).Select(m => Simple(m.Groups["name"].Value))];

        string text = Read("coordinator/PROTOCOL.md");
        int from = text.IndexOf(heading, StringComparison.Ordinal);
        Assert.True(from >= 0, $"PROTOCOL.md has no '{heading}'.");
        string table = text[from..].Split("\n\n")[1];
        string[] inTable = [.. Row().Matches(table).Select(m => Simple(m.Groups["name"].Value)).Where(n => n != "state")];

        Assert.NotEmpty(inCode);
        Assert.Equal(inCode, inTable);
    }

    // "one-phase" and OnePhase are one word.
    private static string Simple(string name) => name.Replace(" ", "").Replace("-", "").ToLowerInvariant();

    // What is built lies below the repository.
    private static string Read(string path)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Transactions.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        Assert.NotNull(folder);
        return File.ReadAllText(Path.Combine(folder, path));
    }

    [GeneratedRegex(@"^    (?<name>\w+) = [1-9]\d*,", RegexOptions.Multiline)]
    private static partial Regex Member();

    [GeneratedRegex(@"^\| (?<name>[a-z][a-z -]*) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
