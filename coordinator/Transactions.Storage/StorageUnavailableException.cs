namespace Transactions.Storage;

/// <summary>A read couldn't be answered: PostgreSQL failed, can't be reached, or gave no clear answer.</summary>
/// <remarks>It proves nothing of any transaction; the same read may succeed when tried again.</remarks>
public sealed class StorageUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
