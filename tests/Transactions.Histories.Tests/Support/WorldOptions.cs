namespace Transactions.Histories.Tests;

/// <summary>What a random execution is made of.</summary>
internal sealed record WorldOptions
{
    public int Transactions { get; init; } = 30;

    public int Processes { get; init; } = 4;

    public int Keys { get; init; } = 3;

    public int MaxOperations { get; init; } = 4;

    /// <summary>Registers instead of lists.</summary>
    public bool Registers { get; init; }

    /// <summary>Registers' values come again, and are deleted.</summary>
    public bool Repeats { get; init; }

    public bool Scans { get; init; }

    public bool Snapshots { get; init; }

    public bool Timestamps { get; init; }

    public bool InDoubt { get; init; } = true;

    /// <summary>After so many writes of keys, others are taken, so that lists stay short; 0 for never.</summary>
    public int WritesPerKeySet { get; init; }
}
