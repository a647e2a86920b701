using System.Collections.Immutable;
using System.Text;

namespace Transactions.Histories;

/// <summary>One transaction of the history under check: its beginning and its end taken together.</summary>
internal sealed class Transaction(int number, HistoryEvent invoke, int invoked)
{
    /// <summary>What <see cref="Completed"/> is while nobody knows that it ended.</summary>
    public const int Never = int.MaxValue;

    private const int MaxDescribedOperations = 24;

    /// <summary>Its place among the transactions, from 0, by beginning: its node in the graph.</summary>
    public int Number { get; } = number;

    public HistoryEvent Invoke { get; } = invoke;

    /// <summary>The place of its beginning in the history.</summary>
    public int Invoked { get; } = invoked;

    /// <summary>The place of its acknowledgement; <see cref="Never"/> if it may take effect at any time.</summary>
    public int Completed { get; private set; } = Never;

    /// <summary>Ok, fail or info.</summary>
    public EventType Outcome { get; private set; } = EventType.Info;

    public ImmutableArray<Operation> Operations { get; private set; } = invoke.Operations;

    public long? Commit { get; private set; }

    public long? Snapshot { get; private set; }

    public bool IsStale { get; private set; }

    /// <summary>In doubt, and a write of it was read.</summary>
    public bool IsSeen { get; set; }

    /// <summary>Its first read of each key from outside itself; of acknowledged ones only.</summary>
    public List<ExternalRead> Reads { get; } = [];

    /// <summary>Its writes: every append, and every value written to a register.</summary>
    public List<KeyWrite> Writes { get; } = [];

    public int Process => Invoke.Process;

    /// <summary>How people find it: the index of the event that began it.</summary>
    public long Label => Invoke.Index;

    public bool IsOk => Outcome == EventType.Ok;

    /// <summary>Whether it counts as committed.</summary>
    public bool IsCommitted => IsOk || (IsSeen && Outcome == EventType.Info);

    /// <summary>Whether its writes may have taken effect.</summary>
    public bool MayHaveCommitted => Outcome != EventType.Fail;

    /// <summary>Where its reads stand among timestamps, if known.</summary>
    public TimestampPosition? Position =>
        Commit is { } commit ? new TimestampPosition(commit, IsSnapshot: false)
        : Snapshot is { } snapshot ? new TimestampPosition(snapshot, IsSnapshot: true)
        : null;

    public void Complete(HistoryEvent e, int at)
    {
        Outcome = e.Type;
        Completed = e.Type == EventType.Ok ? at : Never;
        Operations = e.Type == EventType.Ok || !e.Operations.IsEmpty ? e.Operations : Operations;
        (Commit, Snapshot, IsStale) = (e.Commit, e.Snapshot, e.IsStale);
    }

    public override string ToString() => $"T{Label}";

    public string Describe()
    {
        StringBuilder text = new($"T{Label} (process {Process}, ");
        text.Append(Outcome switch
        {
            EventType.Ok => "ok",
            EventType.Fail => "failed",
            EventType.Info or EventType.Invoke or EventType.Unspecified => "in doubt",
        });
        _ = Commit is { } commit ? text.Append($", commit {commit}") : text;
        _ = Snapshot is { } snapshot ? text.Append($", snapshot {snapshot}") : text;
        _ = IsStale ? text.Append(", of the past") : text;
        text.Append("): ").AppendJoin("; ", Operations.Take(MaxDescribedOperations));
        return Operations.Length > MaxDescribedOperations ? text.Append("; ...").ToString() : text.ToString();
    }
}
