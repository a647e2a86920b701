using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What a coordinator answers first on a participant's stream.</summary>
/// <param name="Coordinator">Its name and its present life.</param>
/// <param name="KeyEpoch">The epoch of the keys that it gives to clients.</param>
public sealed record CoordinatorIntroduction(CoordinatorId Coordinator, int KeyEpoch);
