namespace Transactions.Histories;

/// <summary>What an acknowledged transaction saw of a key, written by others.</summary>
internal sealed class ExternalRead(Transaction by, KeyHistory key, Observed seen, bool isPredicate)
{
    public Transaction By { get; } = by;

    public KeyHistory Key { get; } = key;

    /// <summary>What it saw; of a list, without the elements that the transaction had itself appended.</summary>
    public Observed Seen { get; } = seen;

    /// <summary>Whether it only saw, by a scan of the range, that the key is absent.</summary>
    public bool IsPredicate { get; set; } = isPredicate;

    /// <summary>The reader's own first write of the key, before or after this read; null if it has none.</summary>
    public KeyWrite? FirstOwn { get; set; }

    /// <summary>The reader's own writes of the key, in order.</summary>
    public IEnumerable<KeyWrite> Own
    {
        get
        {
            for (int i = FirstOwn?.Number ?? Key.Writes.Count; i < Key.Writes.Count && Key.Writes[i].By == By; i++)
            {
                yield return Key.Writes[i];
            }
        }
    }

    /// <summary>Of a list: whether it is a beginning of the longest list that was read.</summary>
    public bool IsPrefix { get; set; } = true;

    /// <summary>Of a register: the write that was seen, if the value tells.</summary>
    public KeyWrite? Source { get; set; }

    /// <summary>The version seen, 0 for the initial state; <see cref="KeyWrite.NoVersion"/> if it can't be told.</summary>
    public int Version { get; set; } = KeyWrite.NoVersion;
}
