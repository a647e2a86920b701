using System.Collections.Immutable;
using Google.Protobuf.Collections;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// A stream to a Store.
internal sealed class StoreStream(
    V1.Store.StoreClient client,
    Uri address,
    TransactionClientOptions options,
    ClientClock clock,
    ILogger logger,
    Action<ImmutableArray<ShardEndpoint>> learn)
    : RequestStream<V1.StoreRequests, V1.StoreReplies, V1.StoreRequest, V1.StoreReply>($"the Store at {address}", options, clock)
{
    protected override AsyncDuplexStreamingCall<V1.StoreRequests, V1.StoreReplies> Open(CancellationToken cancellationToken) =>
        client.Connect(cancellationToken: cancellationToken);

    protected override V1.StoreRequests Hello() => new() { Hello = ClientHandshake.IntroduceToStore(Options.Cluster, Options.ClientId) };

    protected override (int Version, string Cluster)? IdentityIn(V1.StoreReplies first) =>
        first.Hello is { } hello ? (hello.ProtocolVersion, hello.Cluster) : null;

    protected override void Welcome(V1.StoreReplies first)
    {
        if (OwnershipMapping.TryRead(first.Hello.Owned, "owned", out ImmutableArray<ShardEndpoint> owned, out _))
        {
            learn(owned);
            Log.StoreConnected(logger, address, string.Join(", ", owned.Select(o => o.Owner.ToString())));
        }
    }

    protected override V1.StoreRequests NewBatch(IEnumerable<V1.StoreRequest> requests) => new() { Requests = { requests } };

    protected override RepeatedField<V1.StoreReply> RepliesIn(V1.StoreReplies batch) => batch.Replies;

    protected override void Number(V1.StoreRequest request, ulong correlation) => request.Correlation = correlation;

    protected override ulong CorrelationOf(V1.StoreReply reply) => reply.Correlation;

    // A Store finishes what it was asked: the operation counts, heard or not (X2).
    protected override V1.StoreRequest? Cancel(ulong correlation) => null;

    protected override void LogBroken(string reason, int unanswered) => Log.StoreBroke(logger, address, reason, unanswered);
}
