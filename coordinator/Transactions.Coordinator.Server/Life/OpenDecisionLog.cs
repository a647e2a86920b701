namespace Transactions.Coordinator.Server;

/// <summary>Opens the decision log, waiting for its PostgreSQL; registered so that a host may bring its own.</summary>
public delegate Task<IDecisionLog> OpenDecisionLog(CancellationToken cancellationToken);
