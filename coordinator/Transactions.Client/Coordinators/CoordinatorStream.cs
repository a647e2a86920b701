using Google.Protobuf.Collections;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// A stream to a coordinator.
internal sealed class CoordinatorStream(
    V1.Coordinator.CoordinatorClient client,
    Uri address,
    TransactionClientOptions options,
    ClientClock clock,
    ILogger logger,
    Action<CoordinatorId> learn)
    : RequestStream<V1.ClientRequests, V1.ClientReplies, V1.ClientRequest, V1.ClientReply>($"the coordinator at {address}", options, clock)
{
    protected override AsyncDuplexStreamingCall<V1.ClientRequests, V1.ClientReplies> Open(CancellationToken cancellationToken) =>
        client.Converse(cancellationToken: cancellationToken);

    protected override V1.ClientRequests Hello() =>
        new() { Hello = ClientHandshake.IntroduceOnStream(Options.Cluster, Options.ClientId) };

    protected override (int Version, string Cluster)? IdentityIn(V1.ClientReplies first) =>
        first.Hello is { } hello ? (hello.ProtocolVersion, hello.Cluster) : null;

    protected override void Welcome(V1.ClientReplies first)
    {
        CoordinatorId coordinator = new(first.Hello.Coordinator, new Incarnation(first.Hello.Incarnation));
        learn(coordinator);
        Log.CoordinatorConnected(logger, coordinator.Name, address);
    }

    protected override V1.ClientRequests NewBatch(IEnumerable<V1.ClientRequest> requests) => new() { Requests = { requests } };

    protected override RepeatedField<V1.ClientReply> RepliesIn(V1.ClientReplies batch) => batch.Replies;

    protected override void Number(V1.ClientRequest request, ulong correlation) => request.Correlation = correlation;

    protected override ulong CorrelationOf(V1.ClientReply reply) => reply.Correlation;

    protected override V1.ClientRequest? Cancel(ulong correlation) => new() { Cancel = new() };

    protected override void LogBroken(string reason, int unanswered) => Log.CoordinatorBroke(logger, address, reason, unanswered);
}
