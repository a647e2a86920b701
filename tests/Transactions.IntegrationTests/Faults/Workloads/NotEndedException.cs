namespace Transactions.IntegrationTests.Faults;

/// <summary>Something didn't end after the faults had stopped.</summary>
internal sealed class NotEndedException(string message) : Exception(message);
