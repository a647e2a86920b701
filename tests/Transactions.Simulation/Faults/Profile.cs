namespace Transactions.Simulation;

/// <summary>What kind of weather a run has.</summary>
internal enum Profile
{
    /// <summary>Nothing goes wrong, so that whatever is aborted for want of an answer is a fault of ours.</summary>
    Calm,

    /// <summary>Messages are late, lost and doubled, and streams break.</summary>
    Network,

    /// <summary>Processes crash, stop and pause.</summary>
    Crashes,

    /// <summary>PostgreSQL rolls back, answers nothing, goes away and crashes.</summary>
    Storage,

    /// <summary>Clocks are far off and unhealthy at times.</summary>
    Clocks,

    /// <summary>All of it at once.</summary>
    Chaos,
}
