using NodaTime;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>What the tests' processes are configured alike with.</summary>
public static class TestCluster
{
    /// <summary>The cluster's name.</summary>
    public const string Name = "tests";

    /// <summary>Where clocks are off by at most this, as everybody is told.</summary>
    public static readonly Duration ClockBound = Duration.FromMilliseconds(1);

    private const string Secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    /// <summary>The options of every process.</summary>
    public static ClusterOptions Options { get; } = new() { Name = Name, Secret = Secret, FixedClockBound = ClockBound.ToTimeSpan() };

    /// <summary>What handshakes compare.</summary>
    public static ClusterIdentity Identity { get; } = Options.ToIdentity();

    /// <summary>Makes a participant's proofs.</summary>
    public static ParticipantHandshake Handshake { get; } = new(Identity, new HelloProof(Options.ToSecret()));

    /// <summary>Sets a process's options.</summary>
    public static void Configure(ClusterOptions options)
    {
        options.Name = Name;
        options.Secret = Secret;
        options.FixedClockBound = ClockBound.ToTimeSpan();
    }

    /// <summary>A shard of the tests, under an owner.</summary>
    public static ShardGeneration Shard(string id, long generation = 1) => new(ShardId.Parse(id), new Generation(generation));

    /// <summary>A set of shards as a Commit names them: one operation each.</summary>
    public static CommitShard[] Wrote(params ShardGeneration[] shards) =>
        [.. shards.Select(s => new CommitShard(s, Wrote: true, Operations: 1))];

    /// <summary>The same, nothing written.</summary>
    public static CommitShard[] Read(params ShardGeneration[] shards) =>
        [.. shards.Select(s => new CommitShard(s, Wrote: false, Operations: 1))];
}
