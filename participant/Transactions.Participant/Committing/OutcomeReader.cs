using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Reads the shard's outcome register, and knows its low-water mark (D5).</summary>
internal sealed class OutcomeReader(ShardCore core)
{
    private readonly Dictionary<long, (TransactionId Id, Action<Outcome?> Done)> _underWay = [];

    /// <summary>Ids dated at or below it may have lost their rows.</summary>
    public Timestamp Mark { get; set; }

    /// <summary>Reads the row of one transaction; a read that fails is not answered: the asker asks again.</summary>
    public void Read(TransactionId id, Action<Outcome?> done)
    {
        if (_underWay.Values.Any(read => read.Id == id))
        {
            return;
        }

        long request = core.NextRequest();
        _underWay.Add(request, (id, done));
        core.Emit(new ShardEffect.ReadOutcome(request, id));
    }

    public void Handle(ShardEvent.OutcomeRead e)
    {
        if (_underWay.Remove(e.Request, out (TransactionId Id, Action<Outcome?> Done) read) && e.Succeeded)
        {
            read.Done(e.Outcome);
        }
    }

    public void Clear() => _underWay.Clear();
}
