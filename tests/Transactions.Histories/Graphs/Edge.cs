namespace Transactions.Histories;

/// <summary>An edge of the graph: the transaction or moment <see cref="To"/> comes after <see cref="From"/>.</summary>
/// <param name="From">A node.</param>
/// <param name="To">Another node.</param>
/// <param name="Kind">Exactly one kind.</param>
/// <param name="Key">The key's id; -1 if none.</param>
/// <param name="Before">The version of the key at the first end.</param>
/// <param name="After">The version of the key at the second end.</param>
internal readonly record struct Edge(int From, int To, EdgeKinds Kind, int Key = -1, int Before = 0, int After = 0);
