namespace Transactions.LocalCluster;

/// <summary>A service of a cluster: one process that owns one shard, <c>name/0</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Project">The project whose program it is.</param>
/// <param name="Calls">The services that it calls, by name.</param>
public sealed record ServiceDescription(string Name, string Project, params string[] Calls)
{
    /// <summary>A service without code of its own: the stand-alone participant.</summary>
    public static ServiceDescription StandAlone(string name) => new(name, "Transactions.Participant.Server");
}
