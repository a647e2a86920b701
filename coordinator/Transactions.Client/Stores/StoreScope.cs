namespace Transactions.Client;

// What a store's operations belong to: a transaction, a snapshot, or whatever is current when they are called.
internal readonly record struct StoreScope
{
    private readonly object? _fixed;

    private StoreScope(object? what) => _fixed = what;

    public static StoreScope Ambient => default;

    public Transaction? Transaction => _fixed is null ? Client.Transaction.Current : _fixed as Transaction;

    public Snapshot? Snapshot => _fixed is null ? Client.Snapshot.Current : _fixed as Snapshot;

    public static StoreScope In(Transaction transaction) => new(transaction);

    public static StoreScope In(Snapshot snapshot) => new(snapshot);
}
