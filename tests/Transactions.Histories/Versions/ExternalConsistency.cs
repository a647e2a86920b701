namespace Transactions.Histories;

/// <summary>
/// Timestamps agree with real time: whatever was acknowledged, or shown to a transaction that has ended, lies below whoever
/// began after that.
/// </summary>
internal sealed class ExternalConsistency(TransactionTable table, AnomalyLog log)
{
    private Transaction? _greatest;
    private Transaction? _shownTo;

    public void Check()
    {
        // By transaction: what lay highest when it began, and who had seen it.
        (Transaction? Earlier, Transaction? ShownTo)[] below = new (Transaction?, Transaction?)[table.Transactions.Count];
        foreach (Moment moment in table.Moments)
        {
            if (moment.IsBeginning)
            {
                below[moment.Of.Number] = (_greatest, _shownTo);
                continue;
            }

            Raise(moment.Of, shownTo: null);
            foreach (ExternalRead read in moment.Of.Reads)
            {
                if (read.Version > 0)
                {
                    Raise(read.Key.Versions[read.Version - 1].By, shownTo: moment.Of);
                }
            }
        }

        foreach (Transaction transaction in table.Transactions)
        {
            (Transaction? earlier, Transaction? shownTo) = below[transaction.Number];
            if (earlier is null || !transaction.IsCommitted || transaction.IsStale
                || transaction.Position is not { } position || position.Sees(earlier.Commit!.Value) || !log.Count(AnomalyKind.ExternalConsistency))
            {
                continue;
            }

            string known = shownTo is null ? "had been acknowledged" : $"had been seen by {shownTo}, which ended";
            string at = position.IsSnapshot ? "reads at" : "committed at";
            log.Tell(AnomalyKind.ExternalConsistency, key: null,
                $"{earlier}, committed at {earlier.Commit}, {known} before {transaction} began, and {transaction} {at} {position.Value}",
                earlier, shownTo, transaction);
        }
    }

    private void Raise(Transaction transaction, Transaction? shownTo)
    {
        if (transaction.Commit is { } commit && (_greatest is null || commit > _greatest.Commit))
        {
            (_greatest, _shownTo) = (transaction, shownTo);
        }
    }
}
