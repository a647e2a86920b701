using Google.Protobuf;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Cluster;

/// <summary>A client without our library, as one in another language would be: it calls the unary methods and counts by hand.</summary>
internal sealed class UnaryClient(ClusterFixture fixture)
{
    private readonly Dictionary<(string Shard, long Generation), CommitShard> _shards = [];
    private long _sequence;

    public BeginReply Begun { get; private set; } = null!;

    public static UnaryClient In(ClusterFixture fixture) => new(fixture);

    public async Task BeginAsync(CancellationToken cancellationToken) => Begun =
        await fixture.Coordinator().BeginAsync(new BeginRequest { Client = "unary" }, cancellationToken: cancellationToken);

    public async Task PutAsync(string service, string key, string json, CancellationToken cancellationToken)
    {
        PutReply reply = await UntilServedAsync(() => fixture.StoreOf(service).PutAsync(
            new PutRequest
            {
                Shard = $"{service}/0", Number = Next(), Collection = "things", Key = key, Value = ByteString.CopyFromUtf8(json),
            },
            Headers(),
            cancellationToken: cancellationToken).ResponseAsync, cancellationToken);
        Count(reply.Admitted);
    }

    public async Task<string?> GetAsync(string service, string key, CancellationToken cancellationToken)
    {
        GetReply reply = await fixture.StoreOf(service).GetAsync(
            new GetRequest { Shard = $"{service}/0", Number = Next(), Collection = "things", Key = key },
            Headers(),
            cancellationToken: cancellationToken);
        Count(reply.Admitted);
        return reply.Entry?.Value.ToStringUtf8();
    }

    public async Task<EndedReply> CommitAsync(CancellationToken cancellationToken)
    {
        CommitRequest request = new() { Context = Begun.Context };
        request.Shards.AddRange(_shards.Values);
        return await fixture.Coordinator().CommitAsync(request, cancellationToken: cancellationToken);
    }

    public Metadata Headers() => new() { { MetadataNames.Context, Begun.Context.ToByteArray() } };

    /// <summary>Reads one key at a timestamp.</summary>
    public static async Task<string?> ReadAsync(
        ClusterFixture fixture, string service, string key, long? at, CancellationToken cancellationToken)
    {
        GetAtRequest request = new() { Shard = $"{service}/0", Collection = "things", Keys = { key } };
        if (at is { } timestamp)
        {
            request.At = timestamp;
        }

        GetAtReply reply = await fixture.StoreOf(service).GetAtAsync(request, cancellationToken: cancellationToken);
        return reply.Found[0].Entry?.Value.ToStringUtf8();
    }

    // Right after the start, a shard may not be owned yet.
    private static async Task<T> UntilServedAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
            }
        }
    }

    private OperationNumber Next() => new() { Scope = 1, Sequence = ++_sequence };

    private void Count(Admitted admitted)
    {
        (string, long) owner = (admitted.Shard, admitted.Generation);
        CommitShard known = _shards.GetValueOrDefault(owner) ?? new CommitShard { Shard = admitted.Shard, Generation = admitted.Generation };
        known.Operations++;
        known.Wrote |= admitted.Wrote;
        _shards[owner] = known;
    }
}
