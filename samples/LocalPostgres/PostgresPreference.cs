namespace Transactions.LocalPostgres;

/// <summary>What <see cref="PostgresBackend.Auto"/> tries first. Fetched programs always come last.</summary>
public enum PostgresPreference
{
    /// <summary>Installed programs, then Docker: the quickest start.</summary>
    InstalledFirst = 0,

    /// <summary>Docker when it answers within 3 seconds and the image is there or can be pulled, then installed programs.</summary>
    DockerFirst = 1,
}
