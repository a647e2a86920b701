using System.Diagnostics.CodeAnalysis;
using Transactions.Clocks;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Endings;

// X5, no zombies: an id that ended here never begins again. Forgotten when its deadline is past on every clock.
internal sealed class EndedMemory(Workspace work)
{
    private readonly Dictionary<TransactionId, EndedTransaction> _ended = [];
    private readonly DueQueue<Timestamp, TransactionId> _forget = new();
    private Timestamp _forgottenBelow;

    public int Count => _ended.Count;

    public bool HasRoom => _ended.Count < work.Options.MaxRememberedTransactions;

    public bool TryFind(TransactionId id, [NotNullWhen(true)] out EndedTransaction? ended) => _ended.TryGetValue(id, out ended);

    public void Remember(TransactionId id, Timestamp deadline, EndedTransaction ended)
    {
        if (work.Mutation == Mutation.ForgetEndedAtOnce)
        {
            return;
        }

        if (!_ended.TryAdd(id, ended))
        {
            Invariant.Holds(
                ended.Outcome is null || _ended[id].Outcome is not { } first || first.Kind == ended.Outcome.Value.Kind,
                "1: no transaction ever has two outcomes");
            return;
        }

        _forget.Add(ForgetAfter(deadline), id);
    }

    // Whether an id with this deadline, if it isn't remembered, may have ended here all the same. No reading can say so: a
    // later one may be less certain than that by which it was forgotten, or unhealthy.
    public bool MayHaveForgotten(Timestamp deadline) => ForgetAfter(deadline) < _forgottenBelow;

    private Timestamp ForgetAfter(Timestamp deadline) => deadline.Plus(work.Limits.MaxOffset);

    public void OnTime()
    {
        while (_forget.TryPeek(out Timestamp due) && work.MayForget(due))
        {
            _forgottenBelow = Timestamp.Max(_forgottenBelow, work.Clock.Earliest);
            _ended.Remove(_forget.Take());
        }
    }
}
