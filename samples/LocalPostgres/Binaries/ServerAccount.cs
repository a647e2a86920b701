using Transactions.LocalPostgres.Processes;

namespace Transactions.LocalPostgres.Binaries;

/// <summary>The user whom a server runs as: this one or, since PostgreSQL refuses root, another.</summary>
/// <param name="Owner">User and group as <c>chown</c> takes them; empty when it is this user.</param>
/// <param name="Prefix">Put before a command, it runs it as that user.</param>
internal sealed record ServerAccount(string Owner, IReadOnlyList<string> Prefix)
{
    /// <summary>Ends a sentence with the user, where that isn't this one.</summary>
    public string As => Prefix.Count == 0 ? "" : $" as {Owner}";

    /// <exception cref="PostgresUnavailableException">This is root, and there is no way to another user.</exception>
    public static ServerAccount Choose()
    {
        if (!Guardian.IsSupported)
        {
            throw new PostgresUnavailableException("running PostgreSQL's programs needs a POSIX shell; use Docker here");
        }

        if (!Environment.IsPrivilegedProcess)
        {
            return new ServerAccount("", []);
        }

        if (Tool.Find("setpriv") is not { } setpriv)
        {
            throw new PostgresUnavailableException(
                "PostgreSQL refuses to run as root, and setpriv is missing; install util-linux, or start this as another user");
        }

        string[][] users = [.. File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 3)];
        string[] user = users.FirstOrDefault(fields => fields[0] == "postgres")
            ?? users.FirstOrDefault(fields => fields[0] == "nobody")
            ?? throw new PostgresUnavailableException("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody");
        return new ServerAccount(
            $"{user[2]}:{user[3]}",
            [setpriv, $"--reuid={user[0]}", $"--regid={user[3]}", "--init-groups", "--"]);
    }
}
