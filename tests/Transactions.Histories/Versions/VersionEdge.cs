namespace Transactions.Histories;

/// <summary>One version of a key comes before another.</summary>
/// <param name="Before">The earlier version, 0 for the initial state.</param>
/// <param name="After">The later version.</param>
/// <param name="IsByRealTime">Whether only real time says so.</param>
internal readonly record struct VersionEdge(int Before, int After, bool IsByRealTime);
