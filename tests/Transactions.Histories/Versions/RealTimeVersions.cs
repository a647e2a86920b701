namespace Transactions.Histories;

/// <summary>
/// The order of a register's versions by real time: what a transaction left there comes before what a later one, which began
/// when the first had ended, found or wrote. Only next neighbours are linked; the rest follows.
/// </summary>
internal static class RealTimeVersions
{
    public static void Order(KeyHistory key)
    {
        List<Visit> visits = Visits(key);
        List<Visit> ended = [];
        PriorityQueue<Visit, int> running = new();
        foreach (Visit visit in visits)
        {
            while (running.TryPeek(out Visit next, out int end) && end < visit.By.Invoked)
            {
                running.Dequeue();

                // Who ended before this one began is a neighbour of nobody who comes later.
                ended.RemoveAll(earlier => earlier.By.Completed < next.By.Invoked);
                ended.Add(next);
            }

            foreach (Visit earlier in ended)
            {
                if (earlier.Last != visit.First)
                {
                    key.Successions.Add(Succession(key, earlier.Last, visit.First));
                }
            }

            if (visit.By.Completed != Transaction.Never)
            {
                running.Enqueue(visit, visit.By.Completed);
            }
        }
    }

    // One who comes later finds an older version: the read is what is wrong, so let the versions keep their order.
    private static VersionEdge Succession(KeyHistory key, int earlier, int later)
    {
        if (later == 0)
        {
            return new VersionEdge(0, earlier, IsByRealTime: false);
        }

        bool isBackwards = earlier != 0 && key.Versions[later - 1].By.Completed < key.Versions[earlier - 1].By.Invoked;
        return isBackwards ? new VersionEdge(later, earlier, IsByRealTime: true) : new VersionEdge(earlier, later, IsByRealTime: true);
    }

    // Each transaction that read or wrote the key and of which the version is known, by beginning.
    private static List<Visit> Visits(KeyHistory key)
    {
        Dictionary<Transaction, Visit> visits = [];
        foreach (ExternalRead read in key.Reads)
        {
            if (read.Version != KeyWrite.NoVersion && !read.By.IsStale)
            {
                visits[read.By] = new Visit(read.By, read.Version, read.Version);
            }
        }

        foreach (KeyWrite write in key.Writes)
        {
            if (write.Version != KeyWrite.NoVersion)
            {
                visits[write.By] = visits.TryGetValue(write.By, out Visit visit)
                    ? visit with { Last = write.Version }
                    : new Visit(write.By, write.Version, write.Version);
            }
        }

        List<Visit> sorted = [.. visits.Values];
        sorted.Sort((a, b) => a.By.Number.CompareTo(b.By.Number));
        return sorted;
    }

    private readonly record struct Visit(Transaction By, int First, int Last);
}
