using Transactions.Clocks;
using Transactions.Contracts;

namespace Transactions.Client;

/// <summary>A read-only view of all shards as they were at one timestamp (section 4).</summary>
/// <remarks>
/// Takes no locks and takes part in nothing. It travels with calls of gRPC clients that have
/// <see cref="TransactionClientInterceptor"/> while it is <see cref="Current"/>. Immutable and thread-safe.
/// </remarks>
public sealed class Snapshot
{
    private readonly Func<string, Snapshot, IStore>? _stores;
    private byte[]? _metadata;

    internal Snapshot(Timestamp readTimestamp, Func<string, Snapshot, IStore>? stores)
    {
        ReadTimestamp = readTimestamp;
        _stores = stores;
    }

    /// <summary>The snapshot that the calling code runs in; null outside of any, and inside of a transaction.</summary>
    public static Snapshot? Current => AmbientScope.Snapshot;

    /// <summary>The one timestamp at which all of its reads see all shards.</summary>
    public Timestamp ReadTimestamp { get; }

    internal byte[] Metadata => _metadata ??= ContextMapping.ToSnapshotMetadata(ReadTimestamp);

    /// <summary>Makes this snapshot <see cref="Current"/> for what follows, until the answer is disposed.</summary>
    public IDisposable Use() => AmbientScope.Enter(this);

    /// <summary>A service's data as it was at <see cref="ReadTimestamp"/>.</summary>
    /// <exception cref="InvalidOperationException">It came with a call into a process that has no client.</exception>
    public IStore Store(string service) => _stores?.Invoke(service, this) ?? throw new InvalidOperationException(
        "This snapshot came with a call, and this process has no TransactionClient to read with; add services.AddTransactions(...).");

    /// <summary>The read timestamp.</summary>
    public override string ToString() => $"snapshot at {ReadTimestamp}";
}
