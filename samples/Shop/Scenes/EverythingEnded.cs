using Npgsql;

namespace Shop.Scenes;

/// <summary>Waits until no transaction is prepared anywhere: nothing stays undecided.</summary>
internal static class EverythingEnded
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task WaitAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (true)
        {
            long prepared = 0;
            foreach (string service in shop.Cluster.Services.Keys)
            {
                prepared += await CountAsync(shop.Cluster.Database(service), cancellationToken);
            }

            if (prepared == 0)
            {
                return;
            }

            SceneFailedException.Unless(
                TimeProvider.System.GetElapsedTime(startedAt) < Limit, $"{prepared} transactions are still prepared after {Limit.TotalSeconds} s");
            progress($"{prepared} transactions are still prepared");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
        }
    }

    private static async Task<long> CountAsync(string database, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = new(database);
        await connection.OpenAsync(cancellationToken);
        await using NpgsqlCommand command = new("select count(*) from txn.prepared", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
