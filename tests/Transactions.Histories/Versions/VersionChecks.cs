namespace Transactions.Histories;

/// <summary>What one key's versions and reads show by themselves: updates lost, writes lost, reads that came too late to be so old.</summary>
internal sealed class VersionChecks(KeyHistory key, AnomalyLog log)
{
    /// <summary>Two transactions read one version, and both overwrote it: one of them overwrote more than it knew.</summary>
    public void CheckLostUpdates()
    {
        Dictionary<int, List<Transaction>> overwriting = [];
        foreach (ExternalRead read in key.Reads)
        {
            if (read.Version != KeyWrite.NoVersion && read.FirstOwn is not null)
            {
                if (!overwriting.TryGetValue(read.Version, out List<Transaction>? all))
                {
                    overwriting.Add(read.Version, all = []);
                }

                all.Add(read.By);
            }
        }

        foreach ((int version, List<Transaction> all) in overwriting.Where(pair => pair.Value.Count > 1).OrderBy(pair => pair.Key))
        {
            if (log.Count(AnomalyKind.LostUpdate))
            {
                log.Tell(AnomalyKind.LostUpdate, key,
                    $"{string.Join(", ", all)} all read {key.Name} at {key.Describe(version)}, and all wrote it", [.. all]);
            }
        }
    }

    /// <summary>A read began when a later version had been acknowledged already.</summary>
    public void CheckStaleReads()
    {
        KeyWrite?[] later = FirstAcknowledgedAfter();
        foreach (ExternalRead read in key.Reads)
        {
            if (read.Version == KeyWrite.NoVersion || read.By.IsStale
                || later[read.Version] is not { } missed || missed.By.Completed >= read.By.Invoked)
            {
                continue;
            }

            if (log.Count(AnomalyKind.StaleRead))
            {
                log.Tell(AnomalyKind.StaleRead, key,
                    $"{read.By} read {key.Name} at {key.Describe(read.Version)}, and {missed.By}, which wrote {new Observed(missed.Value)} after that, "
                    + "had been acknowledged before it began",
                    missed.By, read.By);
            }
        }
    }

    // For each version, of those known to be later the one that was acknowledged first.
    private KeyWrite?[] FirstAcknowledgedAfter()
    {
        KeyWrite?[] first = new KeyWrite?[key.Versions.Count + 1];
        foreach (VersionEdge edge in key.Successions)
        {
            if (edge.After != 0)
            {
                first[edge.Before] = Earlier(first[edge.Before], key.Versions[edge.After - 1]);
            }
        }

        for (int version = key.Chained - 1; version >= 0; version--)
        {
            first[version] = Earlier(Earlier(first[version], first[version + 1]), key.Versions[version]);
        }

        return first;
    }

    private static KeyWrite? Earlier(KeyWrite? one, KeyWrite? other) =>
        one is null || other is null ? one ?? other : other.By.Completed < one.By.Completed ? other : one;

    /// <summary>
    /// Looks whether the last read of the key, begun after all acknowledged writes to it had ended, shows that none is lost.
    /// </summary>
    /// <returns>Whether there is such a read, or nothing was acknowledged.</returns>
    public bool CheckLostWrites()
    {
        int ended = -1;
        foreach (KeyWrite write in key.Writes)
        {
            ended = write.By.IsOk ? Math.Max(ended, write.By.Completed) : ended;
        }

        if (ended < 0)
        {
            return true;
        }

        ExternalRead? last = null;
        foreach (ExternalRead read in key.Reads)
        {
            last = read.By.Invoked > ended && !read.By.IsStale && (last is null || read.By.Invoked > last.By.Invoked) ? read : last;
        }

        if (last is null)
        {
            return false;
        }

        if (key.IsList)
        {
            CheckElements(last);
        }
        else
        {
            CheckValue(last);
        }

        return true;
    }

    private void CheckElements(ExternalRead last)
    {
        HashSet<long>? seen = last.IsPrefix ? null : [.. last.Seen.Elements];
        foreach (KeyWrite write in key.Writes)
        {
            if (write.By.IsOk && (seen is null ? write.Place >= last.Seen.Length : !seen.Contains(write.Value!.Value)))
            {
                TellLost(last, write, $"{write.By} appended {write.Value} to {key.Name} and was acknowledged");
            }
        }
    }

    private void CheckValue(ExternalRead last)
    {
        bool mayBeAbsent = last.Seen.Value is null && key.Deletions.Count == 0;
        KeyWrite[] candidates = [.. RegisterReads.Candidates(last)];
        foreach (KeyWrite write in key.Writes)
        {
            // Whatever was seen must not be older than it: all that may have been seen ended before this began, or nothing was.
            if (write.By.IsOk && write.IsLast && (mayBeAbsent || (candidates.Length > 0 && Array.TrueForAll(candidates, seen => IsBefore(seen, write)))))
            {
                TellLost(last, write, $"{write.By} wrote {new Observed(write.Value)} to {key.Name} and was acknowledged");
                return;
            }
        }
    }

    private static bool IsBefore(KeyWrite seen, KeyWrite write) =>
        seen.By != write.By
        && (seen.By.Commit is { } earlier && write.By.Commit is { } later && seen.By.IsCommitted
            ? earlier < later
            : seen.By.Completed < write.By.Invoked);

    private void TellLost(ExternalRead last, KeyWrite write, string what)
    {
        if (log.Count(AnomalyKind.LostWrite))
        {
            log.Tell(AnomalyKind.LostWrite, key, $"{what}; {last.By}, begun after all writes to {key.Name} had ended, read {last.Seen}", write.By, last.By);
        }
    }
}
