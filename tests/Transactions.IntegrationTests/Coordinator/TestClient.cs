using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>A client as our own library is one: it says Hello once and makes its contexts itself.</summary>
public sealed class TestClient
{
    private static readonly FixedBoundClock Clock = new(TimeProvider.System, TestCluster.ClockBound);

    private readonly V1.Coordinator.CoordinatorClient _calls;
    private readonly ClientWelcome _welcome;
    private readonly ContextSigner _signer;
    private readonly string _name;
    private readonly ReadOnlyMemory<byte> _signingKey;

    private TestClient(V1.Coordinator.CoordinatorClient calls, ClientWelcome welcome, string name, ReadOnlyMemory<byte> signingKey)
    {
        (_calls, _welcome, _name, _signingKey) = (calls, welcome, name, signingKey);
        _signer = new(welcome.Key);
    }

    /// <summary>The coordinator that it said Hello to.</summary>
    public CoordinatorId Home => _welcome.Coordinator;

    /// <summary>The present.</summary>
    public static Timestamp Now => Clock.Read().Now;

    /// <summary>Says Hello.</summary>
    public static async Task<TestClient> HelloAsync(TestCoordinator coordinator, string name = "shop")
    {
        V1.HelloReply reply = await coordinator.Calls.HelloAsync(ClientHandshake.Introduce(TestCluster.Name, name));
        Assert.True(ClientHandshake.TryRead(reply, name, out ClientWelcome? welcome, out Refusal? refusal), refusal?.Message);
        return new(coordinator.Calls, welcome, name, reply.SigningKey.Memory);
    }

    /// <summary>A new transaction's context.</summary>
    /// <param name="issuedAt">The id's date; now if not given.</param>
    /// <param name="lifetime">From the id's date to the deadline; 20 s if not given.</param>
    public TransactionContext NewContext(Timestamp? issuedAt = null, Duration? lifetime = null)
    {
        Timestamp now = issuedAt ?? Now;
        return new(TransactionId.Create(now), now, now.Plus(lifetime ?? Duration.FromSeconds(20)), Home, _name);
    }

    /// <summary>A context signed.</summary>
    public V1.SignedContext Sign(TransactionContext context) => _signer.Sign(context);

    /// <summary>Any words for a context, signed all the same.</summary>
    public V1.SignedContext Sign(V1.TransactionContext claimed)
    {
        byte[] payload = claimed.ToByteArray();
        return new()
        {
            Payload = ByteString.CopyFrom(payload),
            Signature = ByteString.CopyFrom(HMACSHA256.HashData(_signingKey.Span, payload)),
        };
    }

    /// <summary>Commits.</summary>
    public Task<CommitResult> CommitAsync(
        TransactionContext context, CommitShard[] shards, string? key = null, byte[]? result = null, DateTime? deadline = null) =>
        CommitAsync(Request(context, shards, key, result), deadline);

    /// <summary>Commits as it is told.</summary>
    public async Task<CommitResult> CommitAsync(V1.CommitRequest request, DateTime? deadline = null) =>
        Read(await _calls.CommitAsync(request, deadline: deadline));

    /// <summary>Resolves, here or at another coordinator.</summary>
    public async Task<CommitResult> ResolveAsync(
        TransactionContext context, CommitShard[] shards, string? key = null, TestCoordinator? at = null) =>
        Read(await (at?.Calls ?? _calls).ResolveAsync(ToResolve(context, shards, key)));

    /// <summary>Aborts.</summary>
    public async Task<CommitResult> AbortAsync(TransactionContext context) =>
        Read(await _calls.AbortAsync(new() { Context = Sign(context) }));

    /// <summary>Asks for the outcome; null when nothing is decided or known.</summary>
    public async Task<CommitResult?> GetOutcomeAsync(TransactionId id)
    {
        V1.GetOutcomeReply reply = await _calls.GetOutcomeAsync(ClientCallMapping.ToOutcomeRequest(id));
        Assert.True(OutcomeMapping.TryRead(reply, out CommitResult? result, out Refusal? refusal), refusal?.Message);
        return result;
    }

    /// <summary>Makes sure that nothing was decided of a transaction: it can still be committed.</summary>
    public async Task IsUntouchedAsync(TransactionContext context)
    {
        Assert.Null(await GetOutcomeAsync(context.Id));
        Assert.True((await CommitAsync(context, [])).Outcome.IsCommitted);
    }

    /// <summary>A Resolve's request.</summary>
    public V1.ResolveRequest ToResolve(TransactionContext context, CommitShard[] shards, string? key = null) =>
        CommitMapping.ToResolveRequest(Sign(context), Order(context, shards, key, null));

    /// <summary>A Commit's request, to be spoiled.</summary>
    public V1.CommitRequest Request(TransactionContext context, CommitShard[] shards, string? key = null, byte[]? result = null) =>
        CommitMapping.ToRequest(Sign(context), Order(context, shards, key, result));

    private static CommitOrder Order(TransactionContext context, CommitShard[] shards, string? key, byte[]? result) =>
        new(context, [.. shards]) { Key = key is null ? null : new IdempotencyKey(context.Client, key), Result = result is null ? (ReadOnlyMemory<byte>?)null : result };

    private static CommitResult Read(V1.EndedReply reply)
    {
        Assert.True(OutcomeMapping.TryRead(reply, out CommitResult? result, out Refusal? refusal), refusal?.Message);
        return result;
    }
}
