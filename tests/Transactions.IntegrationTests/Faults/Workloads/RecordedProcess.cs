namespace Transactions.IntegrationTests.Faults;

/// <summary>One sequence of transactions in a history; its number changes after one in doubt. For one task.</summary>
internal sealed class RecordedProcess(int number)
{
    public int Number { get; set; } = number;
}
