namespace Transactions.Storage;

/// <summary>The schema couldn't be brought up to date: the process must not start.</summary>
/// <remarks>Scripts before the one that failed stay; the one that failed left nothing.</remarks>
public sealed class MigrationFailedException(string message, Exception? inner = null) : Exception(message, inner);
