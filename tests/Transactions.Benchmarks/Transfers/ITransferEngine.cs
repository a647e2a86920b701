namespace Transactions.Benchmarks.Transfers;

/// <summary>Something that moves money between an account of shard a and one of shard b, atomically and durably.</summary>
internal interface ITransferEngine : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Moves 1 from an account of one shard to one of the other. Conflicts are tried again within.</summary>
    Task TransferAsync(int from, int to, CancellationToken cancellationToken);

    /// <summary>The sum of all balances, read consistently.</summary>
    Task<long> TotalAsync(CancellationToken cancellationToken);
}
