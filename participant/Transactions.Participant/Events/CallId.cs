namespace Transactions.Participant;

/// <summary>The driver's name for one call that waits for an answer; unique in the process.</summary>
public readonly record struct CallId(long Value);
