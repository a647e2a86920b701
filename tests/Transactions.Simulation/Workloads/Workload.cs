namespace Transactions.Simulation;

/// <summary>What the clients of a run do.</summary>
internal enum Workload
{
    /// <summary>Money moves between accounts and never comes or goes.</summary>
    Bank,

    /// <summary>Elements are appended to lists, whose every read shows their whole history.</summary>
    Append,

    /// <summary>Registers are written blindly, read, inserted and deleted.</summary>
    Register,

    /// <summary>All of them.</summary>
    Mixed,
}
