using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Participant;
using Xunit;

namespace Transactions.TestKit.Storage;

public abstract partial class ShardStoreContract
{
    [Fact]
    [Trait("Rule", "S2")]
    public async Task ReadVersions_Records_AnswersTheNewestAtOrBelow()
    {
        Fence fence = await OwnAsync();
        await CommitAsync(fence, 10, Put("a", "1"), Put("b", "1"), Put("a", "other", "orders") with { Value = Document.FromText("0") });
        await CommitAsync(fence, 20, Put("a", "2"), Delete("b"));
        await CommitAsync(fence, 30, Put("a", "3"));

        VersionsReadResult.Succeeded read =
            await ReadAsync(new VersionQuery.Records(Ids.At(20), [Key("none"), Key("b"), Key("a"), Key("a", "orders")]));

        Assert.True(read.IsComplete);
        Assert.Equal(
            [(Key("a"), Ids.At(20), "2"), (Key("b"), Ids.At(20), null), (Key("a", "orders"), Ids.At(10), "0")],
            read.Versions.OrderBy(v => v.Record).Select(v => (v.Record, v.CommitTimestamp, v.Value?.ToString())));
    }

    [Fact]
    [Trait("Rule", "S2")]
    public async Task ReadVersions_ManyQueries_AnswersEachAtItsTimestamp()
    {
        Fence fence = await OwnAsync();
        await CommitAsync(fence, 10, Put("a", "1"), Put("b", "1"));
        await CommitAsync(fence, 20, Put("a", "2"), Put("c", "2"));

        ImmutableArray<VersionsReadResult> results = await Store.ReadVersionsAsync(
            [
                new VersionQuery.Records(Ids.At(10), [Key("a")]),
                Everything(10),
                new VersionQuery.Records(Ids.At(20), [Key("a"), Key("c")]),
                new VersionQuery.Records(Ids.At(5), [Key("a")]),
                Everything(20),
                new VersionQuery.Records(Ids.At(20), []),
            ],
            Cancel);

        Assert.Equal(
            ["a=1", "a=1 b=1", "a=2 c=2", "", "a=2 b=1 c=2", ""],
            results.Select(r => string.Join(' ', Texts(Assert.IsType<VersionsReadResult.Succeeded>(r)).Order())));
    }

    [Fact]
    public async Task ReadVersions_NoQueries_AnswersNone() => Assert.Empty(await Store.ReadVersionsAsync([], Cancel));

    [Fact]
    public async Task ReadVersions_Range_OrdersKeysAsUtf8Bytes()
    {
        Fence fence = await OwnAsync();
        string[] ascending = ["", "A", "Z", "a", "a\u0001", "a/1", "a/10", "a/2", "é", "\uFFFD", "\U0001F600"];
        await CommitAsync(fence, 10, [.. ascending.Reverse().Select(k => Put(k, "1"))]);

        Assert.Equal(ascending, (await ReadAsync(Everything(10))).Versions.Select(v => v.Record.Key));
    }

    [Fact]
    public async Task ReadVersions_Range_IncludesFromAndExcludesTo()
    {
        Fence fence = await OwnAsync();
        await CommitAsync(fence, 10, Put("a", "1"), Put("b", "1"), Put("c", "1"), Put("d", "1"), Put("b", "1", "other"));

        Assert.Equal(["b=1", "c=1"], Texts(await ReadAsync(Range(10, "b", "d", 100))));
        Assert.Equal(["c=1", "d=1"], Texts(await ReadAsync(Range(10, "bb", null, 100))));
        Assert.Empty((await ReadAsync(Range(10, "b", "b", 100))).Versions);
    }

    [Theory]
    [InlineData(1, "a=1", false)]
    [InlineData(2, "a=1 b=deleted c=1", false)]
    [InlineData(3, "a=1 b=deleted c=1 d=deleted e=1 f=deleted", true)]
    [InlineData(4, "a=1 b=deleted c=1 d=deleted e=1 f=deleted", true)]
    public async Task ReadVersions_RangeLimit_CountsLiveRecords(int limit, string expected, bool isComplete)
    {
        Fence fence = await OwnAsync();
        await CommitAsync(fence, 10, [.. "abcdef".Select(k => Put($"{k}", "1"))]);
        await CommitAsync(fence, 20, Delete("b"), Delete("d"), Delete("f"));

        VersionsReadResult.Succeeded read = await ReadAsync(Range(20, "", null, limit));

        Assert.Equal(expected, string.Join(' ', Texts(read)));
        Assert.Equal(isComplete, read.IsComplete);
    }

    [Fact]
    public async Task ReadVersions_RangeOfLargeValues_ComesInPartsThatAddUp()
    {
        const int Values = 12;
        Fence fence = await OwnAsync();
        string large = $"\"{new string('x', 1 << 20)}\"";
        await CommitAsync(fence, 10, [.. Enumerable.Range(0, Values).Select(i => Put($"{i:00}", large))]);

        List<VersionsReadResult.Succeeded> parts = await ReadInPartsAsync();

        Assert.Equal(Enumerable.Range(0, Values).Select(i => $"{i:00}"), parts.SelectMany(p => p.Versions).Select(v => v.Record.Key));
        Assert.All(parts, part => Assert.True(
            part.Versions.SkipLast(1).Sum(v => v.Value!.Value.Length) < MostBytesOfAPart, $"{part.Versions.Length} values at once"));
    }

    [Theory]
    [InlineData(9_998)]
    [InlineData(9_999)]
    [InlineData(12_000)]
    public async Task ReadVersions_RangeOfManyDeleted_ComesInPartsThatAddUp(int deleted)
    {
        Fence fence = await OwnAsync();
        await CommitAsync(fence, 10, [.. Enumerable.Range(0, deleted).Select(i => Delete($"{i:00000}")), Put("z", "1")]);

        List<VersionsReadResult.Succeeded> parts = await ReadInPartsAsync();

        Assert.Equal(deleted + 1, parts.Sum(p => p.Versions.Length));
        Assert.Equal("z", parts.SelectMany(p => p.Versions).Last().Record.Key);
        Assert.All(parts, part => Assert.True(part.Versions.Length <= MostMetInAPart, $"{part.Versions.Length} records at once"));
    }

    private async Task<List<VersionsReadResult.Succeeded>> ReadInPartsAsync()
    {
        List<VersionsReadResult.Succeeded> parts = [await ReadAsync(Everything(20))];
        while (!parts[^1].IsComplete)
        {
            Assert.NotEmpty(parts[^1].Versions);
            Assert.True(parts.Count < 20, "It doesn't end.");
            parts.Add(await ReadAsync(Range(20, parts[^1].Versions[^1].Record.Key + "\u0001", null, 1_000)));
        }

        return parts;
    }

    [Theory]
    [Trait("Rule", "S2")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task ReadVersions_RandomHistory_AgreesWithTheModel(int seed)
    {
        Random random = new(seed);
        Fence fence = await OwnAsync();
        List<(string Key, long At, string? Value)> history = [];
        for (long at = 1; at <= 60; at++)
        {
            RecordWrite[] writes = [.. Enumerable.Range(0, 12)
                .Where(_ => random.Next(3) == 0)
                .Select(k => random.Next(3) == 0 ? Delete($"k{k:00}") : Put($"k{k:00}", $"{at}"))];
            history.AddRange(writes.Select(w => (w.Record.Key, at, w.Value?.ToString())));
            await CommitAsync(fence, at, writes);
        }

        for (int i = 0; i < 40; i++)
        {
            long at = random.Next(0, 62);
            string from = random.Next(4) == 0 ? "" : $"k{random.Next(12):00}";
            string? to = random.Next(4) == 0 ? null : $"k{random.Next(14):00}";
            int limit = random.Next(1, 8);

            VersionsReadResult.Succeeded read = await ReadAsync(Range(at, from, to, limit));

            (string[] expected, bool isComplete) = Model(history, at, from, to, limit);
            Assert.Equal(expected, Texts(read));
            Assert.Equal(isComplete, read.IsComplete);
        }
    }

    private static (string[] Texts, bool IsComplete) Model(
        List<(string Key, long At, string? Value)> history, long at, string from, string? to, int limit)
    {
        List<string> found = [];
        int live = 0;
        int lengthAtLimit = 0;
        foreach (var key in history.Where(h => h.At <= at).GroupBy(h => h.Key).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            if (string.CompareOrdinal(key.Key, from) < 0 || (to is not null && string.CompareOrdinal(key.Key, to) >= 0))
            {
                continue;
            }

            string? value = key.MaxBy(h => h.At).Value;
            found.Add($"{key.Key}={value ?? "deleted"}");
            live += value is null ? 0 : 1;
            lengthAtLimit = value is not null && live == limit ? found.Count : lengthAtLimit;
        }

        return live <= limit ? ([.. found], true) : ([.. found[..lengthAtLimit]], false);
    }

    private static VersionQuery.Range Everything(long at) => Range(at, "", null, 1_000);

    private static VersionQuery.Range Range(long at, string from, string? to, int limit) =>
        new(Ids.At(at), new KeyRange("accounts", from, to), limit);

    private static IEnumerable<string> Texts(VersionsReadResult.Succeeded read) =>
        read.Versions.Select(v => $"{v.Record.Key}={v.Value?.ToString() ?? "deleted"}");
}
