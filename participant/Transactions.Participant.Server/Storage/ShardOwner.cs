namespace Transactions.Participant.Server;

/// <summary>A process that owns, or wants to own, a shard.</summary>
/// <param name="Name">Names the process, for people; not empty.</param>
/// <param name="Endpoint">Where its Store answers.</param>
public readonly record struct ShardOwner(string Name, string Endpoint);
