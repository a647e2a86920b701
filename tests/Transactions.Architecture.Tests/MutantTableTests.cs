using Xunit;

namespace Transactions.Architecture.Tests;

/// <summary>
/// Each rule whose absence once broke the protocol is missed by somebody. With UPDATE_MUTANT_TABLE=1 in the environment,
/// MUTANTS.md is written anew.
/// </summary>
public sealed class MutantTableTests
{
    private const string Begin = "<!-- mutants: begin, written by Transactions.Architecture.Tests -->\n";
    private const string End = "<!-- mutants: end -->";

    // Of the marks in the protocol, 55, and five that have none but a mutant.
    private const int Rows = 60;

    [Fact]
    public void Marks_OfTheProtocol_AreAllThere() => Assert.Equal(Rows, MutantTable.Marks.Count);

    // What nothing breaks yet says so.
    [Fact]
    public void Mark_OfTheProtocol_HasAMutantOrATestOrNothingToBreak() => Assert.All(
        MutantTable.Marks,
        mark => Assert.True(
            mark.Mutants.Count + mark.Tests.Count > 0 || mark.Note.Contains("there is nothing to break"), mark.Words));

    [Fact]
    public void Mutant_OfAMark_IsThere() => Assert.Empty(MutantTable.Marked.Except(MutantTable.Mutants));

    [Fact]
    public void Mutant_InTheCode_BreaksAMark() => Assert.Empty(MutantTable.Mutants.Except(MutantTable.Marked));

    [Fact]
    public void Test_OfAMark_IsThere() =>
        Assert.All(MutantTable.Marks.SelectMany(mark => mark.Tests), test => Assert.True(MutantTable.IsThere(test), test));

    [Fact]
    public void Table_InMutants_IsTheSources()
    {
        string path = Path.Combine(Repository.Root, "tests", "Transactions.Simulation", "MUTANTS.md");
        string text = File.ReadAllText(path);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end >= begin, "MUTANTS.md has lost the marks around its table.");

        if (Environment.GetEnvironmentVariable("UPDATE_MUTANT_TABLE") == "1")
        {
            File.WriteAllText(path, text[..begin] + MutantTable.ToMarkdown() + text[end..]);
        }
        else
        {
            Assert.Equal(MutantTable.ToMarkdown(), text[begin..end]);
        }
    }
}
