using Transactions.LocalPostgres.Binaries;
using Transactions.LocalPostgres.Embedded;
using Xunit;

namespace Transactions.LocalPostgres.Tests;

public sealed class EmbeddedBinariesTests : IDisposable
{
    private readonly string _cache = Path.Combine(Path.GetTempPath(), "transactions-test-" + Path.GetRandomFileName());

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Fact]
    public async Task Fetch_EmptyCache_FetchesOnceAndLinksLibraries()
    {
        List<string> log = [];

        PostgresPrograms[] both = await Task.WhenAll(FetchAsync(log), FetchAsync(log));
        int fetches = log.Count;
        PostgresPrograms again = await FetchAsync(log);

        Assert.Equal(15, again.Major);
        Assert.All(both, programs => Assert.Equal(again.Folder, programs.Folder));
        Assert.Equal(fetches, log.Count);
        Assert.Single(Directory.GetDirectories(_cache));
        string library = Path.Combine(again.Folder, "..", "lib", "libpq.so.5");
        Assert.NotNull(File.ResolveLinkTarget(library, returnFinalTarget: true));
    }

    private Task<PostgresPrograms> FetchAsync(List<string> log) =>
        EmbeddedBinaries.FetchAsync(15, _cache, line => { lock (log) { log.Add(line); } }, TestContext.Current.CancellationToken);
}
