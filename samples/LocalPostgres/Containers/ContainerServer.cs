using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Transactions.LocalPostgres.Choosing;
using Transactions.LocalPostgres.Processes;

namespace Transactions.LocalPostgres.Containers;

/// <summary>Prepares this process for Testcontainers, then starts a <see cref="PostgresContainer"/>.</summary>
internal static class ContainerServer
{
    // What Testcontainers 4.16 speaks unless told otherwise.
    private static readonly Version ExpectedApi = new(1, 44);

    public static async Task<IBackend> StartAsync(PostgresOptions options, CancellationToken cancellationToken)
    {
        if (options.DataDirectory is not null)
        {
            throw new PostgresUnavailableException("a container keeps no data in a folder of this machine; leave out DataDirectory");
        }

        DockerEndpoint docker = DockerEndpoint.Find();
        Guardian? guardian = null;
        try
        {
            Version api = await docker.ApiVersionAsync(cancellationToken);
            string tag = $"{options.Version ?? PostgresOptions.OldestVersion}";
            await docker.EnsureImageAsync("postgres", tag, options.Log, cancellationToken);

            string name = "transactions-postgres-" + RandomNumberGenerator.GetHexString(16, lowercase: true);
            guardian = Guard(name, docker);
            Prepare(api, hasGuardian: guardian is not null);
            return await StartContainerAsync(name, $"postgres:{tag}", options, docker, guardian, cancellationToken);
        }
        catch
        {
            // Deletes the container too, if it came to be.
            if (guardian is not null)
            {
                await guardian.DisposeAsync();
            }

            docker.Dispose();
            throw;
        }
    }

    // Testcontainers reads these once, when its first type is used: so they are set before that.
    private static void Prepare(Version api, bool hasGuardian)
    {
        if (api < ExpectedApi)
        {
            SetUnlessSet("DOCKER_API_VERSION", api.ToString());
        }

        if (hasGuardian)
        {
            // Our guardian deletes the container; Ryuk would need an image that can't be pulled everywhere.
            SetUnlessSet("TESTCONTAINERS_RYUK_DISABLED", "true");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<IBackend> StartContainerAsync(
        string name, string image, PostgresOptions options, DockerEndpoint docker, Guardian? guardian, CancellationToken cancellationToken) =>
        await PostgresContainer.StartAsync(name, image, options, docker, guardian, cancellationToken);

    private static Guardian? Guard(string name, DockerEndpoint docker)
    {
        bool canDelete = Tool.Find("docker") is not null || (docker.Address.Scheme == "unix" && Tool.Find("curl") is not null);
        return Guardian.IsSupported && canDelete
            ? Guardian.Start("container-guardian.sh", name, docker.Address.AbsolutePath)
            : null;
    }

    private static void SetUnlessSet(string variable, string value)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)))
        {
            Environment.SetEnvironmentVariable(variable, value);
        }
    }
}
