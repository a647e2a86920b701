using Npgsql;
using NpgsqlTypes;

namespace Transactions.Storage;

/// <summary>One statement of a <see cref="OneTripTransaction"/>, with what to do with each row that it answers.</summary>
public sealed class Statement
{
    private Statement(string sql, Action<NpgsqlDataReader>? onRow, bool returnsRows)
    {
        Command = new NpgsqlBatchCommand(sql);
        OnRow = onRow;
        ReturnsRows = returnsRows;
    }

    internal NpgsqlBatchCommand Command { get; }

    internal Action<NpgsqlDataReader>? OnRow { get; }

    internal bool ReturnsRows { get; }

    /// <summary>A statement that answers no rows.</summary>
    public static Statement Execute(string sql) => new(sql, null, returnsRows: false);

    /// <summary>A statement that answers rows, even if nobody looks at them.</summary>
    public static Statement Query(string sql, Action<NpgsqlDataReader>? onRow = null) => new(sql, onRow, returnsRows: true);

    /// <summary>Adds the next positional parameter.</summary>
    public Statement With<T>(NpgsqlDbType type, T value)
    {
        Command.Parameters.Add(new NpgsqlParameter<T> { NpgsqlDbType = type, TypedValue = value });
        return this;
    }

    /// <summary>Adds the next positional parameter: a <c>bigint</c>.</summary>
    public Statement With(long value) => With(NpgsqlDbType.Bigint, value);

    /// <summary>Adds the next positional parameter: a <c>text</c>.</summary>
    public Statement With(string value) => With(NpgsqlDbType.Text, value);

    /// <summary>Adds the next positional parameter: a <c>uuid</c>.</summary>
    public Statement With(Guid value) => With(NpgsqlDbType.Uuid, value);

    /// <summary>Adds the next positional parameter: an array of elements of this type.</summary>
    public Statement WithArray<T>(NpgsqlDbType elementType, T[] values) => With(NpgsqlDbType.Array | elementType, values);

    // The reader passes over statements that answer no rows, and stands at the first result that isn't read yet.
    internal static async Task ReadAllAsync(
        NpgsqlDataReader reader, IReadOnlyList<Statement> statements, CancellationToken cancellationToken)
    {
        foreach (Statement statement in statements)
        {
            if (!statement.ReturnsRows)
            {
                continue;
            }

            while (await reader.ReadAsync(cancellationToken))
            {
                statement.OnRow?.Invoke(reader);
            }

            await reader.NextResultAsync(cancellationToken);
        }

        while (await reader.NextResultAsync(cancellationToken))
        {
        }
    }
}
