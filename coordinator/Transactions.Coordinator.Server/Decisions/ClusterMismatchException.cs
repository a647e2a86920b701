namespace Transactions.Coordinator.Server;

/// <summary>This coordinator was pointed at the decision log of a cluster with another name or mode (T5). It must not start.</summary>
public sealed class ClusterMismatchException(string message) : Exception(message);
