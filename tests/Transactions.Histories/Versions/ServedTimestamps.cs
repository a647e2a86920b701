namespace Transactions.Histories;

/// <summary>
/// No version of a key appears at or below a timestamp that a snapshot of it was already read at: even one that changes
/// nothing of what was read, since the next might.
/// </summary>
internal static class ServedTimestamps
{
    public static void Check(KeyHistory key, AnomalyLog log)
    {
        ExternalRead[] served = [.. key.Reads.Where(read => read.By.Snapshot is not null).OrderBy(read => read.By.Completed)];
        if (served.Length == 0)
        {
            return;
        }

        // In the order of real time: the greatest timestamp served before each writer began.
        int next = 0;
        Transaction? greatest = null;
        foreach (KeyWrite write in key.ByTimestamp.OrderBy(write => write.By.Number))
        {
            for (; next < served.Length && served[next].By.Completed < write.By.Invoked; next++)
            {
                Transaction reader = served[next].By;
                greatest = greatest is null || reader.Snapshot > greatest.Snapshot ? reader : greatest;
            }

            if (greatest is not null && write.By.Commit <= greatest.Snapshot && log.Count(AnomalyKind.TimestampOrder))
            {
                log.Tell(AnomalyKind.TimestampOrder, key,
                    $"{write.By} wrote {key.Name} at commit timestamp {write.By.Commit}, and began when {greatest} had read it at {greatest.Snapshot}",
                    greatest, write.By);
            }
        }
    }
}
