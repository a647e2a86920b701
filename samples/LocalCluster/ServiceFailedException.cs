namespace Transactions.LocalCluster;

/// <summary>A process of ours didn't start.</summary>
public sealed class ServiceFailedException(string message) : Exception(message);
