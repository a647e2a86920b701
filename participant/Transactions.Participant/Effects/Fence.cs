using Transactions.Model;

namespace Transactions.Participant;

/// <summary>What every write of an owner checks (L2): the row must still say this.</summary>
public readonly record struct Fence(Generation Generation, long Epoch);
