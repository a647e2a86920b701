namespace Shop.Payments;

/// <summary>A customer's money.</summary>
public sealed record Account(long BalanceCents);
