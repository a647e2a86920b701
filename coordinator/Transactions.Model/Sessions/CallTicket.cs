namespace Transactions.Model;

/// <summary>Names one call in flight of a <see cref="CallLedger"/>.</summary>
/// <param name="Value">Counts up within the ledger.</param>
public readonly record struct CallTicket(long Value);
