namespace Transactions.Histories;

/// <summary>One edge of a cycle. Immutable.</summary>
/// <param name="From">The index of the event that began the transaction which comes first.</param>
/// <param name="To">The index of the event that began the transaction which comes after.</param>
/// <param name="Kind">Why.</param>
/// <param name="Evidence">Why, in words.</param>
public sealed record CycleStep(long From, long To, DependencyKind Kind, string Evidence);
