namespace Transactions.Histories;

/// <summary>
/// The versions of a list: the committed elements in the order of the longest read, then, all after the last of these, the
/// committed ones that no read shows.
/// </summary>
internal static class ListVersions
{
    public static void Order(KeyHistory key)
    {
        if (key.Longest is { } longest)
        {
            Chain(key, longest.Seen.Elements);
        }

        key.Chained = key.Versions.Count;
        Transaction? before = null;
        foreach (KeyWrite write in key.Writes)
        {
            if (write.Version != KeyWrite.NoVersion || !write.By.IsCommitted)
            {
                continue;
            }

            key.Versions.Add(write);
            write.Version = key.Versions.Count;
            if (write.By != before)
            {
                key.Successions.Add(new VersionEdge(key.Chained, write.Version, IsByRealTime: false));
                before = write.By;
            }
        }
    }

    private static void Chain(KeyHistory key, ReadOnlySpan<long> elements)
    {
        // How many versions a read of each length shows: what aborted, or came from nowhere, is none.
        int[] versionsIn = new int[elements.Length + 1];
        for (int place = 0; place < elements.Length; place++)
        {
            if (key.ByValue.TryGetValue(elements[place], out KeyWrite? write) && write.Place == place && write.By.IsCommitted)
            {
                key.Versions.Add(write);
                write.Version = key.Versions.Count;
            }

            versionsIn[place + 1] = key.Versions.Count;
        }

        foreach (ExternalRead read in key.Reads)
        {
            if (read.IsPrefix)
            {
                read.Version = versionsIn[read.Seen.Length];
            }
        }
    }
}
