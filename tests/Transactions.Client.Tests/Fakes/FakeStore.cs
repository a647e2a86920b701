using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Participant;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client.Tests;

// The stream of an owner, in front of fake shards.
internal sealed class FakeStore(IReadOnlyList<FakeShard> shards, ClusterSecret secret) : V1.Store.StoreBase
{
    private readonly ContextVerifier _verifier = new(secret, 1);

    // What it answers Hello with: no lease holds for what isn't here.
    public ImmutableArray<ShardEndpoint> Owned { get; set; } = [];

    public ConcurrentQueue<int> BatchSizes { get; } = new();

    public int Streams { get; private set; }

    public string Cluster { get; set; } = World.Cluster;

    // Ends the stream when it sees this many more requests, without an answer to the last; -1 never.
    public int BreaksAfter { get; set; } = -1;

    public Refusal? Refuses { get; set; }

    public TaskCompletionSource? HoldsAnswers { get; set; }

    public override async Task Connect(
        IAsyncStreamReader<V1.StoreRequests> requestStream, IServerStreamWriter<V1.StoreReplies> responseStream, ServerCallContext context)
    {
        Streams++;
        if (!await requestStream.MoveNext(context.CancellationToken)
            || !ClientHandshake.TryAccept(requestStream.Current.Hello, new ClusterIdentity(Cluster, ProtocolLimits.Default), out _, out Refusal? refusal))
        {
            throw RefusalMapping.ToRpcException(Refusal.Invalid("hello", "hello is wrong."));
        }

        await responseStream.WriteAsync(new() { Hello = ClientHandshake.AnswerToStream(new(Cluster, ProtocolLimits.Default), Owned) });
        Channel<V1.StoreReply> replies = Channel.CreateUnbounded<V1.StoreReply>();
        Task writing = WriteAsync(replies, responseStream);
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            BatchSizes.Enqueue(requestStream.Current.Requests.Count);
            foreach (V1.StoreRequest request in requestStream.Current.Requests)
            {
                if (BreaksAfter == 0)
                {
                    BreaksAfter = -1;
                    throw new RpcException(new Status(StatusCode.Unavailable, "broken by the test"));
                }

                BreaksAfter -= BreaksAfter > 0 ? 1 : 0;
                _ = AnswerAsync(request, replies.Writer);
            }
        }

        replies.Writer.Complete();
        await writing;
    }

    private async Task AnswerAsync(V1.StoreRequest request, ChannelWriter<V1.StoreReply> replies)
    {
        ShardAnswer answer = await AnswerAsync(request);
        if (HoldsAnswers is { } held)
        {
            await held.Task;
        }

        replies.TryWrite(StoreMapping.ToReply(request.Correlation, request.OperationCase, answer));
    }

    private async Task<ShardAnswer> AnswerAsync(V1.StoreRequest request)
    {
        if (Refuses is { } refused)
        {
            return new ShardAnswer.Refused(refused);
        }

        if (!StoreMapping.TryRead(request, out StoreCall? call, out Refusal? refusal))
        {
            return new ShardAnswer.Refused(refusal);
        }

        FakeShard shard = shards.Single(s => s.Shard == call.Shard);
        switch (call)
        {
            case StoreCall.Read read:
                return await shard.ReadAsync(read.At, read.Query, default);
            case StoreCall.Execute execute:
                return _verifier.TryVerify(request.Context, out Model.TransactionContext? context, out refusal)
                    ? await shard.ExecuteAsync(context, request.Context, execute.Number, execute.Operation, default)
                    : new ShardAnswer.Refused(refusal);
            default:
                throw new InvalidOperationException();
        }
    }

    private static async Task WriteAsync(Channel<V1.StoreReply> replies, IServerStreamWriter<V1.StoreReplies> stream)
    {
        await foreach (V1.StoreReply reply in replies.Reader.ReadAllAsync())
        {
            await stream.WriteAsync(new() { Replies = { reply } });
        }
    }
}
