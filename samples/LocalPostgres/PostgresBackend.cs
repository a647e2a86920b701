namespace Transactions.LocalPostgres;

/// <summary>Where a PostgreSQL server comes from.</summary>
public enum PostgresBackend
{
    /// <summary>The first that works, in the order that <see cref="PostgresPreference"/> gives.</summary>
    Auto = 0,

    /// <summary>A server that runs already; it is never stopped, killed or paused.</summary>
    Given = 1,

    /// <summary>The PostgreSQL programs installed on this machine, with a data folder of their own.</summary>
    Installed = 2,

    /// <summary>A container of the official image.</summary>
    Docker = 3,

    /// <summary>PostgreSQL programs fetched once into a cache of this user.</summary>
    Embedded = 4,

    /// <summary>No server is wanted: starting one is refused.</summary>
    None = 5,
}
