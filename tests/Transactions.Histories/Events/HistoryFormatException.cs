namespace Transactions.Histories;

/// <summary>The history itself is malformed, so that nothing can be said of what it records.</summary>
public sealed class HistoryFormatException(string message, Exception? inner = null) : Exception(message, inner);
