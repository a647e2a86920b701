using Npgsql;
using Shop.Scenes;

namespace Shop;

/// <summary>Holds every transaction between prepare and commit: locks the decision log's table in SQL until it is disposed.</summary>
/// <remarks>No hook in the product: a coordinator's insert just waits for the lock, as it would for a slow disk.</remarks>
internal sealed class HeldDecision : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private HeldDecision(NpgsqlConnection connection) => _connection = connection;

    public static async Task<HeldDecision> BeginAsync(string decisions, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = new(decisions);
        await connection.OpenAsync(cancellationToken);
        await using NpgsqlCommand command = new("begin; lock table txn.decisions in exclusive mode", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return new HeldDecision(connection);
    }

    /// <summary>Waits until a transaction is prepared in a service's database.</summary>
    /// <exception cref="SceneFailedException">The call that it belongs to ended before.</exception>
    public static async Task UntilPreparedAsync(string database, Task call, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = new(database);
        await connection.OpenAsync(cancellationToken);
        await using NpgsqlCommand command = new("select count(*) from txn.prepared", connection);
        while ((long)(await command.ExecuteScalarAsync(cancellationToken))! == 0)
        {
            SceneFailedException.Unless(!call.IsCompleted, "The order ended although decisions were held.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Lets the decisions go on.</summary>
    public async ValueTask DisposeAsync()
    {
        await using NpgsqlCommand command = new("rollback", _connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
        await _connection.DisposeAsync();
    }
}
