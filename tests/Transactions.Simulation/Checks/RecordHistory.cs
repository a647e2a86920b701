using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>One record's committed versions, oldest first, and the greatest timestamp at which it was read.</summary>
internal sealed class RecordHistory
{
    public List<(RecordVersion Version, TransactionId By)> Versions { get; } = [];

    public Timestamp ServedUpTo { get; set; }

    /// <summary>Who read it then; null for a snapshot.</summary>
    public TransactionId? ServedTo { get; set; }

    public (RecordVersion Version, TransactionId By)? Newest => Versions.Count == 0 ? null : Versions[^1];

    public RecordVersion? NewestAt(Timestamp at)
    {
        for (int i = Versions.Count - 1; i >= 0; i--)
        {
            if (Versions[i].Version.CommitTimestamp <= at)
            {
                return Versions[i].Version;
            }
        }

        return null;
    }
}
