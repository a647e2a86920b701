namespace Transactions.Histories;

/// <summary>Which write each read of a register saw, as far as the value tells; and which values can't be there.</summary>
internal sealed class RegisterReads(KeyHistory key, AnomalyLog log)
{
    public static void Resolve(KeyHistory key, AnomalyLog log)
    {
        RegisterReads reads = new(key, log);
        foreach (ExternalRead read in key.Reads)
        {
            if (read.Seen.Value is { } value)
            {
                reads.Resolve(read, value);
            }
            else if (!key.Deletions.Exists(deletion => deletion.By != read.By))
            {
                read.Version = 0;
            }
        }
    }

    /// <summary>All writes that may have put there what was read, but the reader's own.</summary>
    public static IEnumerable<KeyWrite> Candidates(ExternalRead read)
    {
        if (read.Seen.Value is not { } value)
        {
            foreach (KeyWrite deletion in read.Key.Deletions)
            {
                if (deletion.By != read.By)
                {
                    yield return deletion;
                }
            }

            yield break;
        }

        for (KeyWrite? write = read.Key.ByValue.GetValueOrDefault(value); write is not null; write = write.SameValue)
        {
            if (write.By != read.By && write.By.MayHaveCommitted)
            {
                yield return write;
            }
        }
    }

    private void Resolve(ExternalRead read, long value)
    {
        if (!key.ByValue.TryGetValue(value, out KeyWrite? written))
        {
            if (log.Count(AnomalyKind.GarbageRead))
            {
                log.Tell(AnomalyKind.GarbageRead, key, $"{key.Name} was read as {value}, and nobody ever wrote that", read.By);
            }

            return;
        }

        KeyWrite? source = null;
        foreach (KeyWrite candidate in Candidates(read))
        {
            if (source is not null && source.By != candidate.By)
            {
                // Several may have written it: VersionPins may tell by timestamps.
                return;
            }

            source = source is { IsLast: true } ? source : candidate;
        }

        if (source is null)
        {
            TellImpossible(read, written);
            return;
        }

        source.By.IsSeen = true;
        if (source.IsLast)
        {
            read.Source = source;
        }
        else if (log.Count(AnomalyKind.G1b))
        {
            log.Tell(AnomalyKind.G1b, key,
                $"{read.By} read {key.Name} as {value}, in the middle of {source.By}, which wrote it again after that", read.By, source.By);
        }
    }

    // It wrote it itself, later, or only aborted transactions wrote it.
    private void TellImpossible(ExternalRead read, KeyWrite written)
    {
        for (KeyWrite? write = written; write is not null; write = write.SameValue)
        {
            if (write.By == read.By)
            {
                if (log.Count(AnomalyKind.Internal))
                {
                    log.Tell(AnomalyKind.Internal, key, $"{read.By} read {key.Name} as {write.Value} before it wrote that", read.By);
                }

                return;
            }
        }

        if (log.Count(AnomalyKind.G1a))
        {
            log.Tell(AnomalyKind.G1a, key,
                $"{read.By} read {key.Name} as {written.Value}, and {written.By}, which wrote that, had aborted", read.By, written.By);
        }

        if (read.FirstOwn is { } onTop && log.Count(AnomalyKind.DirtyUpdate))
        {
            log.Tell(AnomalyKind.DirtyUpdate, key,
                $"{read.By} wrote {new Observed(onTop.Value)} to {key.Name} on top of {written.Value}, which {written.By} had written, and that had aborted",
                written.By, read.By);
        }
    }
}
