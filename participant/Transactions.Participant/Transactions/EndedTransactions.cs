using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>The memory of ended transactions (X5): none of them comes back to life.</summary>
/// <remarks>An id is forgotten only when <c>earliest</c> is past its deadline and the maximum offset.</remarks>
internal sealed class EndedTransactions(ProtocolLimits limits)
{
    private readonly Dictionary<TransactionId, Outcome> _outcomes = [];
    private readonly PriorityQueue<TransactionId, long> _forgetting = new();

    public int Count => _outcomes.Count;

    public bool TryGet(TransactionId id, out Outcome outcome) => _outcomes.TryGetValue(id, out outcome);

    /// <summary>Remembers an end. A later word only replaces an abort that this shard presumed, by what the register holds.</summary>
    public void Remember(TransactionId id, Outcome outcome, Timestamp? deadline = null)
    {
        if (_outcomes.TryGetValue(id, out Outcome known))
        {
            Invariant.Holds(
                !known.IsCommitted || known == outcome,
                "invariant 1: a transaction known as committed has no other outcome");
            _outcomes[id] = outcome;
            return;
        }

        _outcomes.Add(id, outcome);
        Timestamp forgetAfter = (deadline ?? id.IssuedAt.Plus(limits.MaxLifetime)).Plus(limits.MaxOffset);
        _forgetting.Enqueue(id, forgetAfter.Value);
    }

    public void Forget(Timestamp earliest)
    {
        while (_forgetting.TryPeek(out TransactionId id, out long forgetAfter) && earliest.Value > forgetAfter)
        {
            _forgetting.Dequeue();
            _outcomes.Remove(id);
        }
    }
}
