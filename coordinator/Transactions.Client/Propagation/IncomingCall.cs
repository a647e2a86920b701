using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// One call that came with a transaction or a snapshot: what it carries, and the trailer that answers it.
internal sealed class IncomingCall
{
    // gRPC's own word for a call that it sends again.
    private const string PreviousAttempts = "grpc-previous-rpc-attempts";

    private readonly ServerCallContext _call;
    private readonly HopTransaction? _transaction;
    private readonly Snapshot? _snapshot;
    private readonly bool _needsTrailer;
    private readonly Doom? _doom;

    private IncomingCall(ServerCallContext call, Refusal refusal, bool needsTrailer, Doom? doom = null)
    {
        _call = call;
        Refusal = refusal;
        _needsTrailer = needsTrailer;
        _doom = doom;
    }

    private IncomingCall(ServerCallContext call, HopTransaction transaction)
    {
        _call = call;
        _transaction = transaction;
        _needsTrailer = true;
    }

    private IncomingCall(ServerCallContext call, Snapshot snapshot)
    {
        _call = call;
        _snapshot = snapshot;
    }

    // Why no handler may see it.
    public Refusal? Refusal { get; }

    // Our own services, the Store among them, read the metadata and write the trailer themselves.
    public static bool IsOwnService(ServerCallContext call) => call.Method.StartsWith("/transactions.v1.", StringComparison.Ordinal);

    // Asks the bare headers: metadata can't be read at all when one of its values is no Base64.
    public static bool HasNothing(ServerCallContext call)
    {
        IHeaderDictionary headers = call.GetHttpContext().Request.Headers;
        return !headers.ContainsKey(MetadataNames.Context) && !headers.ContainsKey(MetadataNames.Snapshot);
    }

    public static IncomingCall Read(ServerCallContext call, ContextVerifier? verifier, TransactionClient? client)
    {
        IHeaderDictionary headers = call.GetHttpContext().Request.Headers;
        bool hasContext = headers.TryGetValue(MetadataNames.Context, out StringValues contexts);
        bool hasSnapshot = headers.TryGetValue(MetadataNames.Snapshot, out StringValues snapshots);
        string name = hasContext ? MetadataNames.Context : MetadataNames.Snapshot;
        if (hasContext && hasSnapshot)
        {
            return new(call, Refusal.Invalid(name, "The call carries a transaction and a snapshot; send one of them."), hasContext);
        }

        StringValues values = hasContext ? contexts : snapshots;
        return ContextMapping.TryDecodeMetadata(values.Count == 1 ? values[0] : null, name, out byte[] metadata, out Refusal? refusal)
            ? hasContext ? ReadTransaction(call, metadata, verifier) : ReadSnapshot(call, metadata, client)
            : new(call, refusal, hasContext);
    }

    public IDisposable Enter() => AmbientScope.Enter((object?)_transaction ?? _snapshot);

    // X2: always says something.
    public void WriteTrailer()
    {
        if (_needsTrailer)
        {
            Participation done = _transaction?.Ledger.SealHop() ?? new Participation([], _doom);
            _call.ResponseTrailers.Add(MetadataNames.Participants, ParticipationMapping.ToTrailer(done));
        }
    }

    // The exception to answer instead; null leaves it as it is.
    public Exception? Translate(Exception failure) => failure switch
    {
        // Of the transaction that came with the call: passed on as it is, however many hops it goes.
        TransactionAbortedException or TransactionRefusedException => RefusalMapping.ToRpcException(Failures.RefusalIn(failure)!),

        // A failed call further down, passed on as it came: its trailer is in our ledger, and must not stand beside our own.
        RpcException passedOn when passedOn.Trailers.Get(MetadataNames.Participants) is not null =>
            new RpcException(passedOn.Status, WithoutOurs(passedOn.Trailers), passedOn.Message),
        _ => Failures.ToAnswer(failure),
    };

    private static IncomingCall ReadTransaction(ServerCallContext call, byte[] metadata, ContextVerifier? verifier)
    {
        if (int.TryParse(call.GetHttpContext().Request.Headers[PreviousAttempts], CultureInfo.InvariantCulture, out int attempts) && attempts > 0)
        {
            // X2: the first one may have done something, or may be doing it now.
            const string Reason = "A call with a transaction's context was sent again by gRPC; turn its retries and hedging off.";
            Doom doom = new(Reason, mayRetry: false);
            return new(call, doom.ToRefusal(), needsTrailer: true, doom);
        }

        TransactionContext? context = null;
        bool isRead = ContextMapping.TryReadSignedMetadata(metadata, out V1.SignedContext? signed, out Refusal? refusal)
            && (verifier is null
                ? ContextMapping.TryReadUnverified(signed, out context, out refusal)
                : verifier.TryVerify(signed, out context, out refusal));
        return isRead
            ? new(call, new HopTransaction(context!, signed!, verifier is not null, call.CancellationToken))
            : new(call, refusal!, needsTrailer: true);
    }

    private static IncomingCall ReadSnapshot(ServerCallContext call, byte[] metadata, TransactionClient? client) =>
        ContextMapping.TryReadSnapshotMetadata(metadata, out Timestamp at, out Refusal? refusal)
            ? new(call, client?.SnapshotAt(at) ?? new Snapshot(at, stores: null))
            : new(call, refusal, needsTrailer: false);

    private static Metadata WithoutOurs(Metadata trailers)
    {
        Metadata kept = [];
        foreach (Metadata.Entry entry in trailers.Where(entry => entry.Key != MetadataNames.Participants))
        {
            kept.Add(entry);
        }

        return kept;
    }
}
