namespace Transactions.LocalPostgres.Choosing;

/// <summary>A running server, however it came about.</summary>
internal interface IBackend : IAsyncDisposable
{
    /// <summary>What was taken, in a few words.</summary>
    string Name { get; }

    bool IsOurs { get; }

    /// <summary>To the database <c>postgres</c>, as a user who may create others.</summary>
    string ConnectionString { get; }

    /// <summary>The folder or the container that would be left if nobody cleared up.</summary>
    string Remains { get; }

    Task CreateDatabaseAsync(string name, CancellationToken cancellationToken);

    Task KillAsync();

    Task StartAgainAsync();

    Task PauseAsync();

    Task ResumeAsync();
}
