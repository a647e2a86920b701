using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>A client's Hello to a coordinator, and what opens its streams to coordinators and Stores, with the answers.</summary>
/// <remarks>
/// The client is who its configuration says: the connection's own authentication is what may be relied on. Thread-safe: there is
/// no state.
/// </remarks>
public static class ClientHandshake
{
    /// <summary>A client's Hello.</summary>
    public static V1.HelloRequest Introduce(string cluster, string client) =>
        new() { ProtocolVersion = WireLimits.ProtocolVersion, Cluster = cluster, Client = client };

    /// <summary>A coordinator reads and checks a client's Hello.</summary>
    /// <returns>False with a refusal: FAILED_PRECONDITION for a mismatch, INVALID_ARGUMENT for a field at fault.</returns>
    public static bool TryAccept(
        V1.HelloRequest hello, ClusterIdentity cluster, out string client, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(hello);
        ArgumentNullException.ThrowIfNull(cluster);
        client = hello.Client;
        refusal = cluster.Refuse(hello.ProtocolVersion, hello.Cluster);
        return refusal is null && Check.Text(client, TransactionContext.MaxClientLength, "client", out refusal);
    }

    /// <summary>The first message on a stream to a Store.</summary>
    public static V1.StoreHello IntroduceToStore(string cluster, string client) =>
        new() { ProtocolVersion = WireLimits.ProtocolVersion, Cluster = cluster, Client = client };

    /// <summary>A shard's owner reads and checks the first message on a stream.</summary>
    /// <returns>False with a refusal: FAILED_PRECONDITION for a mismatch, INVALID_ARGUMENT for a field at fault.</returns>
    public static bool TryAccept(
        V1.StoreHello? hello, ClusterIdentity cluster, out string client, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        client = hello?.Client ?? "";
        return Check.Present(hello, "hello", out refusal)
            && TryAccept(hello.ProtocolVersion, hello.Cluster, client, cluster, out refusal);
    }

    /// <summary>An owner's answer to the first message on a stream.</summary>
    public static V1.StoreWelcome AnswerToStream(ClusterIdentity cluster, IEnumerable<ShardEndpoint> owned)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        V1.StoreWelcome welcome = new() { ProtocolVersion = WireLimits.ProtocolVersion, Cluster = cluster.Name };
        welcome.Owned.AddRange(owned.Select(OwnershipMapping.ToWire));
        return welcome;
    }

    /// <summary>A caller reads an owner's answer on a stream.</summary>
    /// <returns>False with a refusal: FAILED_PRECONDITION for a mismatch, INVALID_ARGUMENT for a field at fault.</returns>
    public static bool TryRead(
        V1.StoreWelcome? welcome,
        ClusterIdentity cluster,
        out ImmutableArray<ShardEndpoint> owned,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        owned = [];
        if (!Check.Present(welcome, "hello", out refusal))
        {
            return false;
        }

        refusal = cluster.Refuse(welcome.ProtocolVersion, welcome.Cluster);
        return refusal is null && OwnershipMapping.TryRead(welcome.Owned, "owned", out owned, out refusal);
    }

    /// <summary>The first message on a stream to a coordinator.</summary>
    public static V1.ClientStreamHello IntroduceOnStream(string cluster, string client) =>
        new() { ProtocolVersion = WireLimits.ProtocolVersion, Cluster = cluster, Client = client };

    /// <summary>A coordinator reads and checks the first message on a client's stream.</summary>
    /// <returns>False with a refusal: FAILED_PRECONDITION for a mismatch, INVALID_ARGUMENT for a field at fault.</returns>
    public static bool TryAccept(
        V1.ClientStreamHello? hello, ClusterIdentity cluster, out string client, [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        client = hello?.Client ?? "";
        return Check.Present(hello, "hello", out refusal)
            && TryAccept(hello.ProtocolVersion, hello.Cluster, client, cluster, out refusal);
    }

    /// <summary>A coordinator's answer to the first message on a client's stream.</summary>
    public static V1.ClientStreamWelcome AnswerOnStream(ClusterIdentity cluster, CoordinatorId coordinator)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return new()
        {
            ProtocolVersion = WireLimits.ProtocolVersion,
            Cluster = cluster.Name,
            Coordinator = coordinator.Name,
            Incarnation = coordinator.Incarnation.Value,
        };
    }

    /// <summary>A coordinator's answer.</summary>
    public static V1.HelloReply Answer(ClientWelcome welcome)
    {
        ArgumentNullException.ThrowIfNull(welcome);
        V1.HelloReply reply = new()
        {
            Coordinator = welcome.Coordinator.Name,
            Incarnation = welcome.Coordinator.Incarnation.Value,
            Limits = LimitsMapping.ToWire(welcome.Limits),
            SigningKey = UnsafeByteOperations.UnsafeWrap(welcome.Key.ToBytes()),
            KeyEpoch = welcome.Key.Epoch,
            Earliest = welcome.Clock.Earliest.Value,
            Latest = welcome.Clock.Latest.Value,
        };
        reply.Owners.AddRange(welcome.Owners.Select(OwnershipMapping.ToWire));
        reply.Coordinators.AddRange(
            welcome.Coordinators.Select(c => new V1.CoordinatorAddress { Name = c.Name, Endpoint = c.Endpoint }));
        return reply;
    }

    /// <summary>A client reads a coordinator's answer; false with a refusal that names the field at fault.</summary>
    /// <param name="reply">The answer.</param>
    /// <param name="client">The client's id, as it said it.</param>
    /// <param name="welcome">What it says.</param>
    /// <param name="refusal">What is wrong with it.</param>
    public static bool TryRead(
        V1.HelloReply reply,
        string client,
        [NotNullWhen(true)] out ClientWelcome? welcome,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(reply);
        welcome = null;
        if (!Check.Text(reply.Coordinator, CoordinatorId.MaxNameLength, "coordinator", out refusal)
            || !LimitsMapping.TryRead(reply.Limits, out ProtocolLimits? limits, out refusal)
            || !Check.Bytes(reply.SigningKey.Length, ClientKey.Length, ClientKey.Length, "signing_key", out refusal)
            || !Check.Range(reply.KeyEpoch, 1, WireLimits.MaxKeyEpoch, "key_epoch", out refusal)
            || !Check.Clock(reply.Earliest, reply.Latest, out ClockInterval clock, out refusal)
            || !OwnershipMapping.TryRead(reply.Owners, "owners", out ImmutableArray<ShardEndpoint> owners, out refusal)
            || !TryReadCoordinators(reply, out ImmutableArray<CoordinatorEndpoint> coordinators, out refusal))
        {
            return false;
        }

        ClientKey key = ClientKey.FromBytes(reply.SigningKey.Span, client, reply.KeyEpoch);
        welcome = new(new(reply.Coordinator, new Incarnation(reply.Incarnation)), limits, key, clock, owners, coordinators);
        return true;
    }

    private static bool TryAccept(
        int version, string name, string client, ClusterIdentity cluster, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = cluster.Refuse(version, name);
        return refusal is null && Check.Text(client, TransactionContext.MaxClientLength, "hello.client", out refusal);
    }

    private static bool TryReadCoordinators(
        V1.HelloReply reply, out ImmutableArray<CoordinatorEndpoint> coordinators, [NotNullWhen(false)] out Refusal? refusal)
    {
        coordinators = [];
        if (!Check.Count(reply.Coordinators.Count, WireLimits.MaxCoordinators, "coordinators", out refusal))
        {
            return false;
        }

        var read = ImmutableArray.CreateBuilder<CoordinatorEndpoint>(reply.Coordinators.Count);
        for (int i = 0; i < reply.Coordinators.Count; i++)
        {
            V1.CoordinatorAddress one = reply.Coordinators[i];
            if (!Check.Text(one.Name, CoordinatorId.MaxNameLength, $"coordinators[{i}].name", out refusal)
                || !Check.Text(one.Endpoint, WireLimits.MaxEndpointLength, $"coordinators[{i}].endpoint", out refusal))
            {
                return false;
            }

            read.Add(new(one.Name, one.Endpoint));
        }

        coordinators = read.MoveToImmutable();
        return true;
    }
}
