using Transactions.Clocks;

namespace Transactions.Coordinator;

/// <summary>What a read of the register found. Finding nothing proves nothing (D2).</summary>
/// <param name="ById">The row under the id.</param>
/// <param name="ByKey">The row under the key.</param>
/// <param name="Mark">The low-water mark, read under its lock, or in the same snapshot.</param>
public sealed record DecisionLookup(Decision? ById, Decision? ByKey, Timestamp Mark);
