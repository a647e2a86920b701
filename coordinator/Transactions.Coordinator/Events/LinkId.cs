namespace Transactions.Coordinator;

/// <summary>The driver's name for one participant's stream; unique in the process, never used again.</summary>
public readonly record struct LinkId(long Value);
