namespace Transactions.LocalPostgres.Embedded;

/// <summary>Where programs can be fetched.</summary>
internal interface IBinariesSource
{
    string Name { get; }

    /// <summary>Fetches the programs unless the cache has them, and returns their folder.</summary>
    /// <exception cref="PostgresUnavailableException">They can't be had here.</exception>
    Task<string> FetchAsync(int major, string cache, Action<string>? log, CancellationToken cancellationToken);
}
