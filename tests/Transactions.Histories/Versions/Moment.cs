namespace Transactions.Histories;

/// <summary>A transaction begins, or is acknowledged.</summary>
internal readonly record struct Moment(Transaction Of, bool IsBeginning);
