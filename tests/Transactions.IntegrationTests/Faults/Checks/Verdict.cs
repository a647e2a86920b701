using Transactions.Client;
using Transactions.Histories;
using Transactions.Model;

namespace Transactions.IntegrationTests.Faults;

/// <summary>Judges what clients were told. Nothing wrong is an empty list.</summary>
internal static class Verdict
{
    /// <summary>Strictly serializable, in the order of the timestamps, and nothing acknowledged is missing.</summary>
    public static IReadOnlyList<string> OnLists(History history)
    {
        CheckResult result = HistoryCheck.Run(history);
        List<string> wrong = [];
        if (!result.IsValid)
        {
            wrong.Add($"lists: {result}");
        }

        if (result.Counters.KeysWithoutFinalRead > 0)
        {
            wrong.Add($"lists: what is lost of {result.Counters.KeysWithoutFinalRead} lists isn't seen, since nobody read them at the end.");
        }

        return wrong;
    }

    /// <summary>The same of accounts, and their total is never another.</summary>
    public static IReadOnlyList<string> OnBank(History history, IReadOnlyList<string> accounts, long total)
    {
        CheckResult result = HistoryCheck.Run(history);
        List<string> wrong = [];
        if (!result.IsValid)
        {
            wrong.Add($"bank: {result}");
        }

        (IReadOnlyList<Anomaly> anomalies, int fullReads) = BankCheck.Run(history, accounts, total, allowNegative: false);
        wrong.AddRange(anomalies.Select(anomaly => $"bank: {anomaly}"));
        if (fullReads == 0)
        {
            wrong.Add("bank: nobody read all accounts.");
        }

        return wrong;
    }

    /// <summary>What was in doubt and is known by now: all of its appends are there, or none.</summary>
    public static async Task<IReadOnlyList<string>> OnDoubtsAsync(Recording recording, TransactionClient client, CancellationToken cancellationToken)
    {
        HashSet<(string Key, long Element)> seen = [];
        foreach (Operation read in recording.ToHistory().Events
            .Where(e => e.Type == EventType.Ok).SelectMany(e => e.Operations).Where(operation => !operation.Elements.IsDefault))
        {
            foreach (long element in read.Elements)
            {
                seen.Add((read.Key, element));
            }
        }

        List<string> wrong = [];
        foreach ((TransactionId id, var tried) in recording.Doubts)
        {
            if (await FindAsync(client, id, cancellationToken) is not { } outcome)
            {
                continue;
            }

            foreach (Operation append in tried.Where(operation => operation.Kind == OperationKind.Append))
            {
                if (seen.Contains((append.Key, append.Value!.Value)) != outcome.IsCommitted)
                {
                    wrong.Add($"lists: {id} was in doubt and ended as {outcome}, and its {append} is {(outcome.IsCommitted ? "missing" : "there")}.");
                }
            }
        }

        return wrong;
    }

    // Null: it is older than what is kept, or ended without a record; that says nothing.
    private static async Task<Outcome?> FindAsync(TransactionClient client, TransactionId id, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetOutcomeAsync(id, cancellationToken);
        }
        catch (TransactionRefusedException expired) when (expired.Refusal.Reason == RefusalReason.Expired)
        {
            return null;
        }
    }
}
