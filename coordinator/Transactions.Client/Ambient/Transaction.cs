using Google.Protobuf;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

/// <summary>A read-write transaction as the code that takes part in it sees it: at its root, or in a service that it calls.</summary>
/// <remarks>
/// Stores and gRPC clients with <see cref="TransactionClientInterceptor"/> act in <see cref="Current"/> by themselves. Only the
/// root ends a transaction: <see cref="RootTransaction"/>. Thread-safe: its calls may run at once, but must be awaited before the
/// handler that makes them returns (X2).
/// </remarks>
public class Transaction
{
    private byte[]? _metadata;

    internal Transaction(TransactionContext context, V1.SignedContext signed, bool isVerified)
    {
        Context = context;
        Signed = signed;
        IsVerified = isVerified;
        Ledger = new CallLedger(ClientClock.Random64());
    }

    /// <summary>The transaction that the calling code runs in; null outside of any, and inside of a snapshot.</summary>
    public static Transaction? Current => AmbientScope.Transaction;

    /// <summary>The transaction's id.</summary>
    public TransactionId Id => Context.Id;

    /// <summary>The start timestamp of its first try, for wound-wait (X4).</summary>
    public Timestamp Priority => Context.Priority;

    /// <summary>Past this all is refused.</summary>
    public Timestamp Deadline => Context.Deadline;

    /// <summary>All that travels with its calls.</summary>
    public TransactionContext Context { get; }

    /// <summary>The same as it travels, signed by the client that runs it.</summary>
    public V1.SignedContext Signed { get; }

    /// <summary>
    /// Whether this process made or verified the signature. False in a service that doesn't hold the cluster's secret: it passes the
    /// context on as it came, and whoever owns a shard verifies it.
    /// </summary>
    public bool IsVerified { get; }

    /// <summary>What was done and called here so far (X2). Stores and interceptors report to it.</summary>
    public CallLedger Ledger { get; }

    /// <summary>
    /// Fires when going on is vain: the deadline passed, the coordinator ended the transaction, or whoever waits for it gave up.
    /// Store operations heed it by themselves.
    /// </summary>
    public virtual CancellationToken CancellationToken => CancellationToken.None;

    // Signed bytes are copied into every call: serialize them once.
    internal byte[] Metadata => _metadata ??= Signed.ToByteArray();

    // Why a transaction that can't go on was ended elsewhere, where that is known.
    internal virtual AbortReason EndedElsewhere => AbortReason.Unspecified;

    /// <summary>Runs what follows outside of any transaction and snapshot, until the answer is disposed.</summary>
    public static IDisposable Suppress() => AmbientScope.Enter(null);

    /// <summary>Makes this transaction <see cref="Current"/> for what follows, until the answer is disposed.</summary>
    /// <remarks>A run does so for its body; only an explicitly begun transaction needs it.</remarks>
    public IDisposable Use() => AmbientScope.Enter(this);

    /// <summary>Makes sure that the transaction never commits, whatever happens to an exception on its way to the root.</summary>
    /// <param name="reason">For people.</param>
    /// <param name="mayRetry">Whether running the whole transaction again may succeed.</param>
    public void Doom(string reason, bool mayRetry) => Ledger.Condemn(reason, mayRetry);

    /// <summary>The id.</summary>
    public override string ToString() => Id.ToString();
}
