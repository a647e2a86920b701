namespace Transactions.Client;

/// <summary>One service's data: collections of JSON documents under keys.</summary>
/// <remarks>
/// In a transaction, operations take part in it. In a snapshot, reads show its moment. In neither, a read shows the present of one
/// shard, and writes are refused. Thread-safe.
/// </remarks>
public interface IStore
{
    /// <summary>The service's name.</summary>
    string Service { get; }

    /// <summary>A collection, whether there is anything in it or not.</summary>
    /// <typeparam name="T">What its documents are, as <see cref="TransactionClientOptions.Json"/> maps them.</typeparam>
    /// <param name="name">1 to 63 characters of A-Z, a-z, 0-9, '_', '-', '.'.</param>
    StoreCollection<T> Collection<T>(string name)
        where T : notnull;
}
