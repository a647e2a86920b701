namespace Transactions.Histories;

/// <summary>Timestamps agree with real time: whoever was acknowledged lies below whoever began after that.</summary>
internal static class ExternalConsistency
{
    public static void Check(TransactionTable table, AnomalyLog log)
    {
        // By transaction: who, of those acknowledged when it began, had the greatest commit timestamp.
        Transaction?[] below = new Transaction?[table.Transactions.Count];
        Transaction? greatest = null;
        foreach (Moment moment in table.Moments)
        {
            Transaction transaction = moment.Of;
            if (moment.IsBeginning)
            {
                below[transaction.Number] = greatest;
            }
            else
            {
                greatest = transaction.Commit is { } commit && (greatest is null || commit > greatest.Commit) ? transaction : greatest;
            }
        }

        foreach (Transaction transaction in table.Transactions)
        {
            if (below[transaction.Number] is not { } earlier || !transaction.IsCommitted || transaction.IsStale
                || transaction.Position is not { } position || position.Sees(earlier.Commit!.Value))
            {
                continue;
            }

            if (log.Count(AnomalyKind.ExternalConsistency))
            {
                string at = position.IsSnapshot ? "reads at" : "committed at";
                log.Tell(AnomalyKind.ExternalConsistency, key: null,
                    $"{earlier} had been acknowledged at {earlier.Commit} before {transaction} began, and {transaction} {at} {position.Value}",
                    earlier, transaction);
            }
        }
    }
}
