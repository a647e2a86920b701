using System.Globalization;
using System.Text.Json;
using CsCheck;
using Xunit;

namespace Transactions.Model.Tests;

public sealed class PartitionTests
{
    /// <summary>The kept vectors: computed by another implementation, and never changed, since partitions are stored.</summary>
    public static TheoryData<string, int> Vectors()
    {
        using Stream stream = typeof(PartitionTests).Assembly.GetManifestResourceStream("partition-vectors.tsv")!;
        using StreamReader reader = new(stream);
        TheoryData<string, int> vectors = [];
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                string[] columns = line.Split('\t');
                vectors.Add(JsonSerializer.Deserialize<string>(columns[0])!, int.Parse(columns[2], CultureInfo.InvariantCulture));
            }
        }

        return vectors;
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Of_KeptVector_IsAsKept(string key, int expected)
    {
        Assert.Equal(expected, Partition.Of(key).Number);
    }

    [Fact]
    public void Vectors_Always_AreThere()
    {
        Assert.Equal(32, Vectors().Count);
    }

    [Fact]
    public void Of_KeysUnderOnePrefix_StayTogether()
    {
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 0, 600], Gen.String, Gen.String).Sample((prefix, a, b) =>
            Partition.Of($"{prefix}/{a}") == Partition.Of($"{prefix}/{b}") && Partition.Of(prefix) == Partition.Of($"{prefix}/{a}"));
    }

    [Fact]
    public void Of_ManyKeys_ReachesEveryPartition()
    {
        HashSet<Partition> reached = [.. Enumerable.Range(0, 20_000).Select(i => Partition.Of($"key-{i}"))];

        Assert.Equal(Partition.Count, reached.Count);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(Partition.Count)]
    public void Partition_NumberOutOfRange_IsRefused(int number)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Partition(number));
    }
}
