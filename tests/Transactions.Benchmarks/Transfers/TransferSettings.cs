namespace Transactions.Benchmarks.Transfers;

/// <summary>How transfers are measured.</summary>
/// <param name="Clients">How many are under way at once.</param>
/// <param name="Round">How long each round takes.</param>
/// <param name="Rounds">How many rounds of each engine, in turn.</param>
/// <param name="LongestWarmUp">How long each engine is run beforehand at most; it ends when that brings nothing more.</param>
/// <param name="Accounts">How many accounts each shard has.</param>
/// <param name="IsCompared">Whether raw two-phase commit is measured too.</param>
internal sealed record TransferSettings(int Clients, TimeSpan Round, int Rounds, TimeSpan LongestWarmUp, int Accounts, bool IsCompared);
