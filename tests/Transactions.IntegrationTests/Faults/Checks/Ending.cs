namespace Transactions.IntegrationTests.Faults;

/// <summary>After the faults everything ends: no vote, no intent, no decision that lacks an Applied stays (invariant 8).</summary>
internal static class Ending
{
    public static Task UntilNothingIsLeftAsync(FaultCluster cluster, CancellationToken cancellationToken) =>
        Patience.UntilAsync("everything ended", () => FindLeftAsync(cluster), cancellationToken);

    private static async Task<string?> FindLeftAsync(FaultCluster cluster)
    {
        List<string> left = [];
        foreach (string service in FaultCluster.Services)
        {
            DatabaseServer server = cluster.ServerOf(service);
            await CountAsync(left, server, "prepared transactions", "select count(*) from txn.prepared");
            await CountAsync(left, server, "intents", "select count(*) from txn.intents");
        }

        await CountAsync(left, cluster.Servers[0], "decisions not applied", "select count(*) from txn.decisions where applied_at is null");
        return left.Count == 0 ? null : $"There are still {string.Join(", ", left)}.";
    }

    private static async Task CountAsync(List<string> left, DatabaseServer server, string what, string sql)
    {
        long count = await server.ReadAsync<long>(sql);
        if (count > 0)
        {
            left.Add($"{count} {what} in {server.Name}");
        }
    }
}
