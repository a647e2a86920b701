namespace Transactions.Histories;

/// <summary>
/// The versions of a register, each transaction's last write, and what is known of their order: commit timestamps where
/// recorded; a write follows what its transaction read; the initial state comes first; real time, where keys are linearizable.
/// </summary>
internal static class RegisterVersions
{
    public static void Order(KeyHistory key, CheckOptions options)
    {
        List<KeyWrite> untimed = [];
        foreach (KeyWrite write in key.Writes)
        {
            if (write.IsLast && write.By.IsCommitted && write.By.Commit is null)
            {
                untimed.Add(write);
            }
        }

        // Timestamps were sorted already.
        key.Versions.AddRange(key.ByTimestamp);
        key.Chained = key.Versions.Count;
        key.Versions.AddRange(untimed);
        for (int i = 0; i < key.Versions.Count; i++)
        {
            key.Versions[i].Version = i + 1;
        }

        foreach (ExternalRead read in key.Reads)
        {
            read.Version = read.Source?.Version ?? (read.Version == 0 ? 0 : Pin(read));
        }

        if (untimed.Count == 0)
        {
            return;
        }

        OrderByReads(key);
        if (options.AreKeysLinearizable)
        {
            RealTimeVersions.Order(key);
        }

        OrderAfterInitial(key);
    }

    // Several writes, or a deletion and the initial state, may have been seen. If all have timestamps and so has the reader, it
    // can only have seen the newest at its own: whether that is what it saw, TimestampChecks say.
    private static int Pin(ExternalRead read)
    {
        if (read.By.Position is not { } position)
        {
            return KeyWrite.NoVersion;
        }

        bool isAny = read.Seen.Value is null;
        foreach (KeyWrite candidate in RegisterReads.Candidates(read))
        {
            isAny = true;
            if (!candidate.By.IsCommitted || candidate.By.Commit is null)
            {
                return KeyWrite.NoVersion;
            }
        }

        int version = isAny ? TimestampSearch.CountSeen(read.Key.ByTimestamp, position) : KeyWrite.NoVersion;
        return version >= 0 && (version == 0 ? null : read.Key.ByTimestamp[version - 1].Value) == read.Seen.Value
            ? version
            : KeyWrite.NoVersion;
    }

    private static void OrderByReads(KeyHistory key)
    {
        foreach (ExternalRead read in key.Reads)
        {
            if (read.Version == KeyWrite.NoVersion)
            {
                continue;
            }

            KeyWrite? write = read.Own.LastOrDefault();
            if (write is not null && write.Version != read.Version)
            {
                key.Successions.Add(new VersionEdge(read.Version, write.Version, IsByRealTime: false));
            }
        }
    }

    private static void OrderAfterInitial(KeyHistory key)
    {
        bool[] isAfterAny = new bool[key.Versions.Count + 1];
        foreach (VersionEdge edge in key.Successions)
        {
            isAfterAny[edge.After] |= !edge.IsByRealTime;
        }

        for (int version = key.Chained + 1; version < isAfterAny.Length; version++)
        {
            if (!isAfterAny[version])
            {
                key.Successions.Add(new VersionEdge(0, version, IsByRealTime: false));
            }
        }
    }
}
