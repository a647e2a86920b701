using System.Text;
using NodaTime;
using Npgsql;

namespace Transactions.Storage;

/// <summary>What a person tunes on a server's way to PostgreSQL. Checked at start.</summary>
public sealed record StorageOptions
{
    /// <summary>Npgsql's connection string, password included; it is never logged. Required.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>How the server's connections are named in <c>pg_stat_activity</c>. 1 to 63 characters; default "transactions".</summary>
    public string ApplicationName { get; init; } = "transactions";

    /// <summary>How many connections read at once. 1 to 1,000; default 8.</summary>
    public int ReadConnections { get; init; } = 8;

    /// <summary>
    /// How many connections write at once, lease renewals included: kept apart from the readers', so that reads can't keep
    /// a lease from being renewed. 4 to 1,000; default 8.
    /// </summary>
    public int WriteConnections { get; init; } = 8;

    /// <summary>How long opening a connection may take, the wait for a free one included. 1 s to 1 min; default 5 s.</summary>
    public Duration ConnectTimeout { get; init; } = Duration.FromSeconds(5);

    /// <summary>How long one statement may run. 1 s to 10 min; default 15 s.</summary>
    public Duration CommandTimeout { get; init; } = Duration.FromSeconds(15);

    /// <summary>How long a statement may wait for one lock. 10 ms to 1 min, at most the command's timeout; default 2 s.</summary>
    public Duration LockTimeout { get; init; } = Duration.FromSeconds(2);

    /// <summary>The longest pause between attempts to reach PostgreSQL at start. 10 ms to 1 min; default 5 s.</summary>
    public Duration MaxStartupPause { get; init; } = Duration.FromSeconds(5);

    /// <summary>Checks every range, and that the connection string can be read.</summary>
    /// <exception cref="ArgumentException">A value lies outside its range; the message names it, the range and the remedy.</exception>
    public void Validate()
    {
        CheckConnectionString();
        if (ApplicationName.Length is < 1 or > 63)
        {
            throw new ArgumentException($"{nameof(ApplicationName)} has {ApplicationName.Length} characters; give it 1 to 63.");
        }

        Check(ReadConnections, 1, 1_000, nameof(ReadConnections));
        Check(WriteConnections, 4, 1_000, nameof(WriteConnections));
        Check(ConnectTimeout, Duration.FromSeconds(1), Duration.FromMinutes(1), nameof(ConnectTimeout));
        Check(CommandTimeout, Duration.FromSeconds(1), Duration.FromMinutes(10), nameof(CommandTimeout));
        Check(LockTimeout, Duration.FromMilliseconds(10), Duration.Min(Duration.FromMinutes(1), CommandTimeout), nameof(LockTimeout));
        Check(MaxStartupPause, Duration.FromMilliseconds(10), Duration.FromMinutes(1), nameof(MaxStartupPause));
    }

    // The parser's own message may quote the string, and with it a password.
    private void CheckConnectionString()
    {
        string? host;
        try
        {
            host = new NpgsqlConnectionStringBuilder(ConnectionString).Host;
        }
        catch (ArgumentException)
        {
            throw new ArgumentException(
                $"{nameof(ConnectionString)} can't be read; write it like 'Host=db;Database=payments;Username=payments;Password=…'.");
        }

        if (string.IsNullOrEmpty(host))
        {
            throw new ArgumentException($"{nameof(ConnectionString)} names no Host; add one, like 'Host=db;…'.");
        }
    }

    private static void Check<T>(T value, T least, T most, string name)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentException($"{name} is {value}; set it to at least {least} and at most {most}.");
        }
    }

    // What a record prints of itself ends up in logs: leave out the connection string.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append($"{nameof(ApplicationName)} = {ApplicationName}, {nameof(ReadConnections)} = {ReadConnections}, ");
        builder.Append($"{nameof(WriteConnections)} = {WriteConnections}, {nameof(ConnectTimeout)} = {ConnectTimeout}, ");
        builder.Append($"{nameof(CommandTimeout)} = {CommandTimeout}, {nameof(LockTimeout)} = {LockTimeout}");
        return true;
    }
}
