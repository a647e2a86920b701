namespace Transactions.Histories;

/// <summary>Money moves between accounts and never comes or goes: every read of all accounts has the same total.</summary>
public static class BankCheck
{
    /// <summary>Checks all acknowledged transactions that read every account from outside themselves.</summary>
    /// <param name="history">Accounts are registers.</param>
    /// <param name="accounts">The keys of all accounts, each once.</param>
    /// <param name="total">What they must add up to. An absent account counts as nothing.</param>
    /// <param name="allowNegative">Whether an account may be below zero.</param>
    /// <exception cref="HistoryFormatException">The history is malformed, or an account is a list.</exception>
    /// <returns>The anomalies, in order; and how many reads were full.</returns>
    public static (IReadOnlyList<Anomaly> Anomalies, int FullReads) Run(
        History history, IReadOnlyCollection<string> accounts, long total, bool allowNegative = true)
    {
        AnomalyLog log = new(int.MaxValue);
        TransactionTable table = TransactionTable.Of(history);

        // What one transaction contradicts itself in is HistoryCheck's to tell.
        ReadCollector.Collect(table, new AnomalyLog(1));
        HashSet<string> names = [.. accounts];
        int full = 0;
        foreach (Transaction transaction in table.Transactions)
        {
            long sum = 0;
            int read = 0;
            bool isNegative = false;
            foreach (ExternalRead account in transaction.Reads)
            {
                if (!names.Contains(account.Key.Name))
                {
                    continue;
                }

                account.Key.MustBeRegister();
                read++;
                sum += account.Seen.Value ?? 0;
                isNegative |= account.Seen.Value < 0;
            }

            if (read != names.Count)
            {
                continue;
            }

            full++;
            if (sum != total && log.Count(AnomalyKind.BankTotal))
            {
                log.Tell(AnomalyKind.BankTotal, key: null, $"{transaction} read a total of {sum}, not {total}", transaction);
            }

            if (isNegative && !allowNegative && log.Count(AnomalyKind.BankTotal))
            {
                log.Tell(AnomalyKind.BankTotal, key: null, $"{transaction} read an account below zero", transaction);
            }
        }

        return (log.Anomalies, full);
    }
}
