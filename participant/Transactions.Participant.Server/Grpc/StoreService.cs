using Grpc.Core;
using Microsoft.Extensions.Primitives;
using Transactions.Client;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.Hosting;
using Transactions.Model;
using CommitShard = Transactions.Model.CommitShard;

namespace Transactions.Participant.Server;

/// <summary>The gRPC Store: unary methods for any client, and the duplex stream that our own library uses.</summary>
/// <remarks>Both enter the shard's machine as the same events.</remarks>
internal sealed class StoreService(StoreCalls calls, StoreStreams streams) : Store.StoreBase
{
    public override Task<GetReply> Get(GetRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, forUpdate: false, out StoreCall.Execute? call, out Refusal? refusal)
            ? ExecuteAsync(call, context, StoreMapping.ToGetReply)
            : throw Refused(context, refusal);

    public override Task<GetReply> GetForUpdate(GetRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, forUpdate: true, out StoreCall.Execute? call, out Refusal? refusal)
            ? ExecuteAsync(call, context, StoreMapping.ToGetReply)
            : throw Refused(context, refusal);

    public override Task<MultiGetReply> MultiGet(MultiGetRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, out StoreCall.Execute? call, out Refusal? refusal)
            ? ExecuteAsync(call, context, StoreMapping.ToMultiGetReply)
            : throw Refused(context, refusal);

    public override Task<PutReply> Put(PutRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, out StoreCall.Execute? call, out Refusal? refusal)
            ? ExecuteAsync(call, context, StoreMapping.ToPutReply)
            : throw Refused(context, refusal);

    public override Task<InsertIfAbsentReply> InsertIfAbsent(InsertIfAbsentRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, out StoreCall.Execute? call, out Refusal? refusal)
            ? ExecuteAsync(call, context, StoreMapping.ToInsertIfAbsentReply)
            : throw Refused(context, refusal);

    public override Task<DeleteReply> Delete(DeleteRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, out StoreCall.Execute? call, out Refusal? refusal)
            ? ExecuteAsync(call, context, StoreMapping.ToDeleteReply)
            : throw Refused(context, refusal);

    public override Task<ScanReply> Scan(ScanRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, out StoreCall.Execute? call, out Refusal? refusal)
            ? ExecuteAsync(call, context, StoreMapping.ToScanReply)
            : throw Refused(context, refusal);

    public override Task<GetAtReply> GetAt(GetAtRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, out StoreCall.Read? call, out Refusal? refusal)
            ? ReadAsync(call, context, StoreMapping.ToGetAtReply)
            : throw RefusalMapping.ToRpcException(refusal);

    public override Task<ScanAtReply> ScanAt(ScanAtRequest request, ServerCallContext context) =>
        StoreMapping.TryRead(request, out StoreCall.Read? call, out Refusal? refusal)
            ? ReadAsync(call, context, StoreMapping.ToScanAtReply)
            : throw RefusalMapping.ToRpcException(refusal);

    public override Task Connect(
        IAsyncStreamReader<StoreRequests> requestStream, IServerStreamWriter<StoreReplies> responseStream, ServerCallContext context) =>
        Departure.ServeAsync(streams.ServeAsync(requestStream, responseStream, context), context);

    private async Task<TReply> ExecuteAsync<TReply>(
        StoreCall.Execute call, ServerCallContext context, Func<ShardAnswer.Admitted, TReply> toReply)
    {
        ShardAnswer answer = await calls.RunAsync(call, ReadContext(context), context.CancellationToken);
        switch (answer)
        {
            case ShardAnswer.Admitted admitted:
                AddTrailer(context, admitted.Owner, admitted.Wrote);
                return toReply(admitted);

            case ShardAnswer.Refused refused:
                // X2: an admitted operation counts, error or not.
                AddTrailer(context, refused.AdmittedBy, wrote: false);
                throw RefusalMapping.ToRpcException(refused.Refusal);

            default:
                throw new InvalidOperationException($"An operation isn't answered by {answer.GetType().Name}.");
        }
    }

    private async Task<TReply> ReadAsync<TReply>(StoreCall.Read call, ServerCallContext context, Func<ShardAnswer.Read, TReply> toReply) =>
        await calls.RunAsync(call, signed: null, context.CancellationToken) switch
        {
            ShardAnswer.Read read => toReply(read),
            ShardAnswer.Refused refused => throw RefusalMapping.ToRpcException(refused.Refusal),
            ShardAnswer other => throw new InvalidOperationException($"A read isn't answered by {other.GetType().Name}."),
        };

    // From the bare header: metadata can't be read at all when one of its values is no Base64.
    private static SignedContext? ReadContext(ServerCallContext context)
    {
        if (!context.GetHttpContext().Request.Headers.TryGetValue(MetadataNames.Context, out StringValues values))
        {
            return null;
        }

        return ContextMapping.TryDecodeMetadata(values.Count == 1 ? values[0] : null, MetadataNames.Context, out byte[] bytes, out Refusal? refusal)
            && ContextMapping.TryReadSignedMetadata(bytes, out SignedContext? signed, out refusal)
                ? signed
                : throw Refused(context, refusal);
    }

    // X2: a refused operation changes nothing, and its caller must hear that, or it is doomed.
    private static RpcException Refused(ServerCallContext context, Refusal refusal)
    {
        AddTrailer(context, admittedBy: null, wrote: false);
        return RefusalMapping.ToRpcException(refusal);
    }

    private static void AddTrailer(ServerCallContext context, ShardGeneration? admittedBy, bool wrote)
    {
        Participation participation = admittedBy is { } owner
            ? new Participation([new CommitShard(owner, wrote, Operations: 1)], null)
            : Participation.None;
        context.ResponseTrailers.Add(MetadataNames.Participants, ParticipationMapping.ToTrailer(participation));
    }
}
