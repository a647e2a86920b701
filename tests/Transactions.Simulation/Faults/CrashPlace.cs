namespace Transactions.Simulation;

/// <summary>Where a process crashes at a step of its storage.</summary>
internal enum CrashPlace
{
    /// <summary>The statement is about to be sent, or was just sent.</summary>
    Before,

    /// <summary>It is done, and the process doesn't know.</summary>
    In,

    /// <summary>Its answer was heard, and nothing came of that yet.</summary>
    After,
}
