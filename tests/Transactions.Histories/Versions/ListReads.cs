namespace Transactions.Histories;

/// <summary>
/// What the reads of a list tell: the order of its elements from the longest, of which all others must be beginnings; who is
/// seen to have committed; and which elements can't be there.
/// </summary>
internal sealed class ListReads(KeyHistory key, AnomalyLog log)
{
    public static void Resolve(KeyHistory key, AnomalyLog log) => new ListReads(key, log).Resolve();

    private void Resolve()
    {
        foreach (ExternalRead read in key.Reads)
        {
            if (key.Longest is null || read.Seen.Length > key.Longest.Seen.Length)
            {
                key.Longest = read;
            }
        }

        if (key.Longest is not { } longest)
        {
            return;
        }

        TakeOrder(longest);
        CheckOrderWithin(longest);
        foreach (ExternalRead read in key.Reads)
        {
            read.IsPrefix = longest.Seen.Elements.StartsWith(read.Seen.Elements);
            if (!read.IsPrefix)
            {
                if (log.Count(AnomalyKind.IncompatibleOrder))
                {
                    log.Tell(AnomalyKind.IncompatibleOrder, key,
                        $"{key.Name} was read as {read.Seen} and as {longest.Seen}: neither is the beginning of the other",
                        read.By, longest.By);
                }

                LookAt(read);
            }
            else
            {
                CheckIntermediate(read);
            }

            CheckOwn(read);
        }

        CheckDirtyUpdates(longest);
    }

    private void TakeOrder(ExternalRead longest)
    {
        ReadOnlySpan<long> elements = longest.Seen.Elements;
        for (int place = 0; place < elements.Length; place++)
        {
            if (Find(longest, elements[place]) is not { } write)
            {
                continue;
            }

            if (write.Place != int.MaxValue)
            {
                TellDuplicate(longest, write);
                continue;
            }

            write.Place = place;
        }
    }

    // What one transaction appended stands in its order, without a hole: more than that no other key or transaction tells.
    private void CheckOrderWithin(ExternalRead longest)
    {
        for (int i = 1; i < key.Writes.Count; i++)
        {
            KeyWrite first = key.Writes[i - 1];
            KeyWrite second = key.Writes[i];
            if (first.By == second.By && first.By.MayHaveCommitted && second.Place != int.MaxValue && first.Place > second.Place
                && log.Count(AnomalyKind.IncompatibleOrder))
            {
                log.Tell(AnomalyKind.IncompatibleOrder, key,
                    $"{key.Name} was read as {longest.Seen}, and {first.By} appended {first.Value} before {second.Value}", longest.By, first.By);
            }
        }
    }

    // Reads that aren't part of the order still tell who wrote.
    private void LookAt(ExternalRead read)
    {
        HashSet<long> seen = [];
        foreach (long element in read.Seen.Elements)
        {
            if (Find(read, element) is { } write && !seen.Add(element))
            {
                TellDuplicate(read, write);
            }
        }
    }

    private void TellDuplicate(ExternalRead read, KeyWrite write)
    {
        if (log.Count(AnomalyKind.DuplicateElements))
        {
            log.Tell(AnomalyKind.DuplicateElements, key,
                $"{key.Name} was read as {read.Seen}, with {write.Value} more than once, and {write.By} appended it once", read.By, write.By);
        }
    }

    private KeyWrite? Find(ExternalRead read, long element)
    {
        if (!key.ByValue.TryGetValue(element, out KeyWrite? write))
        {
            if (log.Count(AnomalyKind.GarbageRead))
            {
                log.Tell(AnomalyKind.GarbageRead, key, $"{key.Name} was read as {read.Seen}, and nobody ever appended {element}", read.By);
            }

            return null;
        }

        write.By.IsSeen = true;
        if (!write.By.MayHaveCommitted && log.Count(AnomalyKind.G1a))
        {
            log.Tell(AnomalyKind.G1a, key,
                $"{read.By} read {key.Name} as {read.Seen}, and {write.By}, which appended {element}, had aborted", read.By, write.By);
        }

        return write;
    }

    private void CheckIntermediate(ExternalRead read)
    {
        if (read.Seen.Length == 0 || !key.ByValue.TryGetValue(read.Seen.Elements[^1], out KeyWrite? write)
            || write.IsLast || write.By == read.By || !write.By.MayHaveCommitted)
        {
            return;
        }

        if (log.Count(AnomalyKind.G1b))
        {
            log.Tell(AnomalyKind.G1b, key,
                $"{read.By} read {key.Name} as {read.Seen}, in the middle of {write.By}, which appended more to it after {write.Value}",
                read.By, write.By);
        }
    }

    // What the reader appended itself, before the read, isn't part of what it saw of others: the rest it appended later.
    private void CheckOwn(ExternalRead read)
    {
        foreach (KeyWrite own in read.Own)
        {
            bool isSeen = read.IsPrefix ? own.Place < read.Seen.Length : read.Seen.Elements.Contains(own.Value!.Value);
            if (isSeen && log.Count(AnomalyKind.Internal))
            {
                log.Tell(AnomalyKind.Internal, key, $"{read.By} read {key.Name} as {read.Seen} before it appended {own.Value} to it", read.By);
            }
        }
    }

    private void CheckDirtyUpdates(ExternalRead longest)
    {
        KeyWrite? aborted = null;
        foreach (long element in longest.Seen.Elements)
        {
            if (!key.ByValue.TryGetValue(element, out KeyWrite? write))
            {
                continue;
            }

            if (!write.By.MayHaveCommitted)
            {
                aborted = write;
            }
            else if (aborted is not null && write.By.IsOk)
            {
                if (log.Count(AnomalyKind.DirtyUpdate))
                {
                    log.Tell(AnomalyKind.DirtyUpdate, key,
                        $"{write.By} appended {write.Value} to {key.Name} on top of {aborted.Value}, which {aborted.By} had appended, and that had aborted",
                        aborted.By, write.By);
                }

                aborted = null;
            }
        }
    }
}
