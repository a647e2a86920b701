using System.Globalization;
using System.Text;

namespace Transactions.LocalPostgres.Binaries;

/// <summary>Writes <c>postgresql.conf</c>.</summary>
internal static class ServerSettings
{
    public static string Text(PostgresOptions options, int port)
    {
        Dictionary<string, string> settings = new(StringComparer.OrdinalIgnoreCase)
        {
            ["max_connections"] = "100",
            ["shared_buffers"] = "128MB",
            ["password_encryption"] = "scram-sha-256",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
            // In the data folder, so that a killed server leaves nothing in /dev/shm.
            ["dynamic_shared_memory_type"] = "mmap",
        };
        if (!options.Durable)
        {
            // synchronous_commit stays on: what was acknowledged survives a kill of the server.
            settings["fsync"] = "off";
            settings["full_page_writes"] = "off";
        }

        foreach ((string name, string value) in options.Settings)
        {
            settings[name] = value;
        }

        // Loopback only, and no socket file: its path could grow too long, and somebody else may own the usual folder.
        settings["listen_addresses"] = "127.0.0.1";
        settings["unix_socket_directories"] = "";
        settings["port"] = port.ToString(CultureInfo.InvariantCulture);

        StringBuilder text = new();
        foreach ((string name, string value) in settings)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name} = '{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'\n");
        }

        return text.ToString();
    }
}
