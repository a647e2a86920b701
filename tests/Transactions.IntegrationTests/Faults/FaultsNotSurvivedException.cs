namespace Transactions.IntegrationTests.Faults;

/// <summary>The cluster broke a promise under faults.</summary>
internal sealed class FaultsNotSurvivedException(string message) : Exception(message);
