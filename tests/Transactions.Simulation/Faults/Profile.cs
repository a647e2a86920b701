namespace Transactions.Simulation;

/// <summary>What kind of weather a run has.</summary>
internal enum Profile
{
    /// <summary>Nothing goes wrong, so that whatever is aborted for want of an answer is a fault of ours.</summary>
    Calm,

    /// <summary>Messages are late, lost and doubled, streams break, and ways are cut.</summary>
    Network,

    /// <summary>Processes crash, stop and pause.</summary>
    Crashes,

    /// <summary>PostgreSQL rolls back, answers nothing, stalls, goes away, crashes and fails over.</summary>
    Storage,

    /// <summary>Clocks are far off, step, stand still, and are unhealthy at times.</summary>
    Clocks,

    /// <summary>All of it at once.</summary>
    Chaos,

    /// <summary>All of it, and in the middle the cluster sleeps until what was decided before is forgotten (D5).</summary>
    Expiry,

    /// <summary>
    /// What has ended is called again: by those who come near its deadline while clocks' bounds swing, and by those who reach an
    /// owner that has just taken over before its coordinators do (X5, X10).
    /// </summary>
    Zombies,

    /// <summary>Clocks leave their bounds, and nothing else goes wrong: what the protocol promises doesn't hold then, and the run must notice.</summary>
    BeyondBounds,
}
