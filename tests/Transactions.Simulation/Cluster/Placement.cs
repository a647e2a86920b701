namespace Transactions.Simulation;

/// <summary>Which processes host which shards.</summary>
internal enum Placement
{
    /// <summary>Each shard has processes of its own.</summary>
    OwnProcesses,

    /// <summary>Each service has processes that host all of its shards.</summary>
    ByService,

    /// <summary>Every process hosts every shard.</summary>
    Everywhere,
}
