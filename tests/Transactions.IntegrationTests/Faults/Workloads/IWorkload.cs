namespace Transactions.IntegrationTests.Faults;

/// <summary>What clients do while things go wrong, and how they look at the end.</summary>
internal interface IWorkload : IAsyncDisposable
{
    string Name { get; }

    Recording Recording { get; }

    /// <summary>Makes what the clients need, in transactions.</summary>
    Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Works until the token fires; what is under way is ended then, not left.</summary>
    Task RunAsync(CancellationToken stop);

    /// <summary>Reads everything under locks, and at a snapshot: nothing acknowledged may be missing.</summary>
    Task ReadAllAsync(CancellationToken cancellationToken);
}
