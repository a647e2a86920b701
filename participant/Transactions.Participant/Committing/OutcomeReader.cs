using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Reads the shard's outcome register, and knows its low-water mark (D5).</summary>
internal sealed class OutcomeReader(ShardCore core)
{
    private readonly Dictionary<long, Action<Outcome?>> _underWay = [];
    private Timestamp _mark;

    /// <summary>Takes a mark in, as soon as it may be in force: before PostgreSQL is asked to raise it.</summary>
    public void RaiseMark(Timestamp mark) => _mark = Timestamp.Max(_mark, mark);

    /// <summary>Whether the row of a transaction may have been deleted, so that finding none proves nothing.</summary>
    /// <remarks>Asked after the row was looked for: an owner that slept long may have a successor that raised the mark.</remarks>
    public bool MayBePruned(TransactionId id) => id.IssuedAt <= _mark
        || (core.Clock.IsHealthy && id.IssuedAt <= core.Clock.Latest.Minus(core.Limits.MaxLifetime).Minus(core.Limits.Retention));

    /// <summary>Reads the row of one transaction; a read that fails is not answered: the asker asks again.</summary>
    public void Read(TransactionId id, Action<Outcome?> done)
    {
        long request = core.NextRequest();
        _underWay.Add(request, done);
        core.Emit(new ShardEffect.ReadOutcome(request, id));
    }

    public void Handle(ShardEvent.OutcomeRead e)
    {
        if (_underWay.Remove(e.Request, out Action<Outcome?>? done) && e.Succeeded)
        {
            done(e.Outcome);
        }
    }

    public void Clear() => _underWay.Clear();
}
