namespace Transactions.Histories;

/// <summary>
/// What the recorded timestamps promise of one key: versions rise strictly, and a read at a timestamp sees exactly what had
/// committed by then. Nothing is inferred here; writes in doubt without a timestamp are given every benefit.
/// </summary>
internal sealed class TimestampChecks(KeyHistory key, AnomalyLog log)
{
    /// <summary>How many reads were compared.</summary>
    public int Compared { get; private set; }

    public void CheckOrder()
    {
        List<KeyWrite> timed = key.ByTimestamp;
        for (int i = 1; i < timed.Count; i++)
        {
            if (timed[i - 1].By != timed[i].By && timed[i - 1].By.Commit == timed[i].By.Commit)
            {
                TellOrder($"{timed[i - 1].By} and {timed[i].By} both wrote {key.Name} at commit timestamp {timed[i].By.Commit}", timed[i - 1], timed[i]);
            }
        }

        if (!key.IsList)
        {
            return;
        }

        KeyWrite? before = null;
        for (int i = 0; i < key.Chained; i++)
        {
            KeyWrite write = key.Versions[i];
            if (write.By.Commit is null)
            {
                continue;
            }

            if (before is not null && before.By != write.By && before.By.Commit > write.By.Commit)
            {
                TellOrder(
                    $"{key.Name} holds {before.Value} before {write.Value}, and {before.By} committed at {before.By.Commit}, {write.By} at {write.By.Commit}",
                    before, write);
            }

            before = write;
        }
    }

    private void TellOrder(string why, KeyWrite one, KeyWrite other)
    {
        if (log.Count(AnomalyKind.TimestampOrder))
        {
            log.Tell(AnomalyKind.TimestampOrder, key, why, one.By, other.By);
        }
    }

    public void CheckReads()
    {
        List<KeyWrite> timed = key.ByTimestamp;
        (int[] lastAmong, int[] firstBeyond) = key.IsList ? Places(timed) : ([], []);
        foreach (ExternalRead read in key.Reads)
        {
            if (read.By.Position is not { } position)
            {
                continue;
            }

            Compared++;
            int seen = TimestampSearch.CountSeen(timed, position);
            CheckSharedTimestamp(read, seen);
            if (!key.IsList)
            {
                CheckValue(read, seen == 0 ? null : timed[seen - 1]);
            }
            else if (read.IsPrefix && (lastAmong[seen] >= read.Seen.Length || firstBeyond[seen] < read.Seen.Length))
            {
                TellList(read, seen);
            }
        }
    }

    // X7: a commit timestamp is above every version that was read, and a read lock is held beyond it.
    private void CheckSharedTimestamp(ExternalRead read, int seen)
    {
        if (read.By.Commit is { } commit)
        {
            KeyWrite? same = key.ByTimestamp.Skip(seen).TakeWhile(write => write.By.Commit == commit).FirstOrDefault(write => write.By != read.By);
            if (same is not null && log.Count(AnomalyKind.TimestampOrder))
            {
                log.Tell(AnomalyKind.TimestampOrder, key, $"{read.By} read {key.Name} and {same.By} wrote it, both at commit timestamp {commit}", same.By, read.By);
            }
        }
    }

    private void CheckValue(ExternalRead read, KeyWrite? newest)
    {
        if (newest?.Value == read.Seen.Value || RegisterReads.Candidates(read).Any(write => !write.By.IsCommitted || write.By.Commit is null))
        {
            return;
        }

        AnomalyKind kind = KindOf(read);
        if (log.Count(kind))
        {
            string should = newest is null
                ? "nothing had committed there by then"
                : $"the newest version by then is {new Observed(newest.Value)}, which {newest.By} committed at {newest.By.Commit}";
            log.Tell(kind, key, $"{Describe(read)}; {should}", read.By, newest?.By);
        }
    }

    private void TellList(ExternalRead read, int seen)
    {
        AnomalyKind kind = KindOf(read);
        if (!log.Count(kind))
        {
            return;
        }

        KeyWrite? missing = key.ByTimestamp.Take(seen).FirstOrDefault(write => write.Place >= read.Seen.Length);
        KeyWrite wrong = missing ?? key.ByTimestamp.Skip(seen).First(write => write.Place < read.Seen.Length);
        string should = missing is null ? "should not be there" : "should be there";
        log.Tell(kind, key, $"{Describe(read)}; {wrong.By}, which appended {wrong.Value}, committed at {wrong.By.Commit}: that {should}", read.By, wrong.By);
    }

    private static AnomalyKind KindOf(ExternalRead read) =>
        read.By.Position!.Value.IsSnapshot ? AnomalyKind.SnapshotRead : AnomalyKind.TimestampRead;

    private string Describe(ExternalRead read)
    {
        string at = read.By.Snapshot is { } snapshot ? $"a snapshot at {snapshot}" : $"committed at {read.By.Commit}";
        return $"{read.By}, {at}, read {key.Name} as {read.Seen}";
    }

    // For each count of first writes: the last place of an element among them, and the first place beyond them.
    private static (int[] LastAmong, int[] FirstBeyond) Places(List<KeyWrite> timed)
    {
        int[] last = new int[timed.Count + 1];
        int[] first = new int[timed.Count + 1];
        (last[0], first[^1]) = (-1, int.MaxValue);
        for (int i = 0; i < timed.Count; i++)
        {
            last[i + 1] = Math.Max(last[i], timed[i].Place);
        }

        for (int i = timed.Count - 1; i >= 0; i--)
        {
            first[i] = Math.Min(first[i + 1], timed[i].Place);
        }

        return (last, first);
    }
}
