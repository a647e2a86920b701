using System.Text.RegularExpressions;
using Xunit;

namespace Transactions.Architecture.Tests;

/// <summary>What the README shows is what there is.</summary>
public sealed partial class ReadmeTests
{
    public static TheoryData<string, string> Snippets
    {
        get
        {
            TheoryData<string, string> snippets = [];
            foreach (Match match in Snippet().Matches(Repository.Read("README.md")))
            {
                snippets.Add(match.Groups["file"].Value, match.Groups["code"].Value);
            }

            return snippets;
        }
    }

    [Theory]
    [MemberData(nameof(Snippets))]
    public void Code_InTheReadme_IsTheSamples(string file, string code) => Assert.Contains(code, Repository.Read(file));

    [Fact]
    public void Code_InTheReadme_NamesItsFiles() => Assert.True(Snippets.Count >= 4);

    [Fact]
    public void Links_InDocuments_LeadSomewhere()
    {
        foreach (string document in (string[])["README.md", "clocks/README.md", "coordinator/README.md", "coordinator/PROTOCOL.md", "participant/README.md"])
        {
            string folder = Path.GetDirectoryName(Path.Combine(Repository.Root, document))!;
            foreach (Match link in Link().Matches(Repository.Read(document)))
            {
                string target = Path.Combine(folder, link.Groups["to"].Value);
                Assert.True(Path.Exists(target), $"{document} links to {link.Groups["to"].Value}, which isn't there.");
            }
        }
    }

    [GeneratedRegex(@"<!-- from (?<file>[^ ]+) -->\n```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();

    [GeneratedRegex(@"\]\((?<to>[^)#:]+)(#[^)]*)?\)")]
    private static partial Regex Link();
}
