using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>A shard's owner, and where its Store answers.</summary>
/// <param name="Owner">The shard and its generation.</param>
/// <param name="Endpoint">A URI of at most <see cref="WireLimits.MaxEndpointLength"/> characters.</param>
public readonly record struct ShardEndpoint(ShardGeneration Owner, string Endpoint);
