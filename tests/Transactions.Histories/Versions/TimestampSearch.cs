namespace Transactions.Histories;

/// <summary>The committed writes of a key by their commit timestamps.</summary>
internal static class TimestampSearch
{
    /// <summary>Fills <see cref="KeyHistory.ByTimestamp"/>, once it is known who committed.</summary>
    public static void Sort(KeyHistory key)
    {
        foreach (KeyWrite write in key.Writes)
        {
            if (write.By.IsCommitted && write.By.Commit is not null && (key.IsList || write.IsLast))
            {
                key.ByTimestamp.Add(write);
            }
        }

        // Writes stand by transaction and in order, and the sort must keep that.
        bool isSorted = true;
        for (int i = 1; i < key.ByTimestamp.Count && isSorted; i++)
        {
            isSorted = key.ByTimestamp[i - 1].By.Commit <= key.ByTimestamp[i].By.Commit;
        }

        if (!isSorted)
        {
            KeyWrite[] sorted = [.. key.ByTimestamp.OrderBy(write => write.By.Commit)];
            key.ByTimestamp.Clear();
            key.ByTimestamp.AddRange(sorted);
        }
    }

    /// <summary>How many of them are seen at a position: the first so many.</summary>
    public static int CountSeen(List<KeyWrite> byTimestamp, TimestampPosition position)
    {
        int low = 0;
        int high = byTimestamp.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = position.Sees(byTimestamp[middle].By.Commit!.Value) ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
