namespace Transactions.Simulation;

/// <summary>Makes a client's workloads.</summary>
internal static class Workloads
{
    /// <summary>Every collection that a workload writes to, so that a run's last reads see all of them.</summary>
    public static IReadOnlyList<string> Collections { get; } =
        [Account.Collection, BankTransactions.Notes, BankTransactions.Counts, Lists.Collection, Registers.Collection];

    public static IReadOnlyList<IWorkload> Of(SimClient client) => client.World.Scenario.Workload switch
    {
        Workload.Bank => [new BankTransactions(client)],
        Workload.Append => [new AppendTransactions(client)],
        Workload.Register => [new RegisterTransactions(client)],
        Workload.Mixed => [new BankTransactions(client), new AppendTransactions(client), new RegisterTransactions(client)],
    };
}
