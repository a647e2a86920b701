using Xunit;

namespace Transactions.Architecture.Tests;

/// <summary>PROTOCOL.md's table is what the source says. With UPDATE_RULE_TABLE=1 in the environment, it is written anew.</summary>
public sealed class RuleTableTests
{
    private const string Begin = "<!-- rules: begin, written by Transactions.Architecture.Tests -->\n";
    private const string End = "<!-- rules: end -->";

    public static TheoryData<string> AllRules => [.. RuleTable.Rules];

    [Theory]
    [MemberData(nameof(AllRules))]
    public void Rule_OfTheProtocol_IsKeptSomewhere(string rule) => Assert.NotEmpty(RuleTable.Keepers()[rule]);

    [Theory]
    [MemberData(nameof(AllRules))]
    public void Rule_OfTheProtocol_HasATest(string rule) => Assert.NotEmpty(RuleTable.Tests()[rule]);

    [Fact]
    public void Table_InProtocol_IsTheSources()
    {
        string path = Path.Combine(Repository.Root, "coordinator", "PROTOCOL.md");
        string text = File.ReadAllText(path);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end >= begin, "PROTOCOL.md has lost the marks around its table of rules.");

        if (Environment.GetEnvironmentVariable("UPDATE_RULE_TABLE") == "1")
        {
            File.WriteAllText(path, text[..begin] + RuleTable.ToMarkdown() + text[end..]);
        }
        else
        {
            Assert.Equal(RuleTable.ToMarkdown(), text[begin..end]);
        }
    }
}
