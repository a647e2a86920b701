using Transactions.LocalPostgres.Binaries;
using Transactions.LocalPostgres.Containers;
using Transactions.LocalPostgres.Embedded;

namespace Transactions.LocalPostgres.Choosing;

/// <summary>Takes the backend that was named or, for <c>auto</c>, the first that starts.</summary>
internal static class BackendChooser
{
    public static async Task<IBackend> StartAsync(PostgresOptions options, CancellationToken cancellationToken)
    {
        IEnumerable<PostgresBackend> candidates = Candidates(options);
        List<string> tried = [];
        foreach (PostgresBackend candidate in candidates)
        {
            try
            {
                return await StartAsync(candidate, options, cancellationToken);
            }
            catch (PostgresUnavailableException e) when (options.Backend == PostgresBackend.Auto)
            {
                tried.Add($"{candidate}: {e.Message}");
                options.Log?.Invoke($"No PostgreSQL from {candidate}: {e.Message}");
            }
        }

        throw PostgresUnavailableException.NothingWorked(tried);
    }

    internal static IEnumerable<PostgresBackend> Candidates(PostgresOptions options) => (options.Backend, options.Preference) switch
    {
        (PostgresBackend.Auto, PostgresPreference.DockerFirst) => [PostgresBackend.Docker, PostgresBackend.Installed, PostgresBackend.Embedded],
        (PostgresBackend.Auto, _) => [PostgresBackend.Installed, PostgresBackend.Docker, PostgresBackend.Embedded],
        (PostgresBackend named, _) => [named],
    };

    private static async Task<IBackend> StartAsync(PostgresBackend candidate, PostgresOptions options, CancellationToken cancellationToken) =>
        candidate switch
        {
            PostgresBackend.Given => new GivenServer(options.GivenConnectionString!),
            PostgresBackend.Installed => await BinaryServer.StartAsync(
                await InstalledBinaries.FindAsync(BinaryServer.MajorVersion(options), cancellationToken), options, cancellationToken),
            PostgresBackend.Docker => await ContainerServer.StartAsync(options, cancellationToken),
            PostgresBackend.Embedded => await BinaryServer.StartAsync(
                await EmbeddedBinaries.FetchAsync(BinaryServer.MajorVersion(options), options.Log, cancellationToken), options, cancellationToken),
            PostgresBackend.None => throw PostgresUnavailableException.SwitchedOff(),
            PostgresBackend.Auto => throw new InvalidOperationException("Auto is no candidate of itself."),
        };
}
