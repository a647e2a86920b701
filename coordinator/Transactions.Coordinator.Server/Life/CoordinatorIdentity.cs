using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Life;

// Who this coordinator is in this life, and what it knows its callers by.
internal sealed class CoordinatorIdentity
{
    private readonly ClusterSecret _secret;

    public CoordinatorIdentity(IOptions<ClusterOptions> clusterOptions, IOptions<CoordinatorServerOptions> options)
    {
        _secret = clusterOptions.Value.ToSecret();
        KeyEpoch = clusterOptions.Value.KeyEpoch;
        Cluster = clusterOptions.Value.ToIdentity();

        // X1: random and not a clock, so that no two lives share it.
        Self = new(options.Value.Name, new Incarnation(BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)))));
        Verifier = new(_secret, KeyEpoch);
        ParticipantHandshake = new(Cluster, new HelloProof(_secret));
        Peers = [.. options.Value.ToPeers()];
    }

    public CoordinatorId Self { get; }

    public ClusterIdentity Cluster { get; }

    public int KeyEpoch { get; }

    public ContextVerifier Verifier { get; }

    public ParticipantHandshake ParticipantHandshake { get; }

    public ImmutableArray<CoordinatorEndpoint> Peers { get; }

    public ClientKey KeyOf(string client) => ClientKey.Derive(_secret, client, KeyEpoch);
}
