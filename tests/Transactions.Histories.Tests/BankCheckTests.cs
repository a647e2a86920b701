using static Transactions.Histories.Tests.Script;

namespace Transactions.Histories.Tests;

public sealed class BankCheckTests
{
    private static readonly string[] Accounts = ["a", "b"];

    private static Script Opened => new Script().Run(0, Write("a", 60), Write("b", 40));

    [Fact]
    public void Run_TotalKept_IsClean()
    {
        Script script = Opened.Run(0, Read("a", 60), Read("b", 40), Write("a", 50), Write("b", 50)).Run(1, Scan("a", "c", ("a", 50), ("b", 50)))
            .Run(1, Read("a", 1));
        (IReadOnlyList<Anomaly> anomalies, int full) = BankCheck.Run(script.History, Accounts, 100);
        Assert.Empty(anomalies);
        Assert.Equal(2, full);
    }

    [Fact]
    public void Run_ReadOfHalfATransfer_IsFound()
    {
        (IReadOnlyList<Anomaly> anomalies, _) = BankCheck.Run(Opened.Run(1, Read("a", 50), Read("b", 40)).History, Accounts, 100);
        Assert.Equal(AnomalyKind.BankTotal, Assert.Single(anomalies).Kind);
        Assert.Contains("a total of 90, not 100", anomalies[0].Explanation);
    }

    [Fact]
    public void Run_ScanWithoutAnAccount_IsFound()
    {
        (IReadOnlyList<Anomaly> anomalies, _) = BankCheck.Run(Opened.Run(1, Scan("a", "c", ("a", 60))).History, Accounts, 100);
        Assert.Single(anomalies);
    }

    [Fact]
    public void Run_AccountBelowZero_IsFoundIfForbidden()
    {
        History history = Opened.Run(1, Read("a", -1), Read("b", 101)).History;
        Assert.Empty(BankCheck.Run(history, Accounts, 100).Anomalies);
        Assert.Single(BankCheck.Run(history, Accounts, 100, allowNegative: false).Anomalies);
    }
}
