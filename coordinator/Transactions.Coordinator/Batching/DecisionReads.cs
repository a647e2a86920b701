using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Batching;

// Reads of the register under way.
internal sealed class DecisionReads(Workspace work)
{
    private readonly Dictionary<long, Action<DecisionLookup?>> _underWay = [];
    private long _request;

    public int Count => _underWay.Count;

    public bool HasRoom => _underWay.Count < work.Options.MaxQueuedDecisions;

    public void Start(TransactionId? id, IdempotencyKey? key, Action<DecisionLookup?> completed)
    {
        _underWay.Add(++_request, completed);
        work.Emit(new CoordinatorEffect.Read(_request, id, key));
    }

    public void OnRead(long request, DecisionLookup? lookup)
    {
        if (!_underWay.Remove(request, out Action<DecisionLookup?>? completed))
        {
            return;
        }

        if (lookup is not null)
        {
            work.SeeMark(lookup.Mark);
        }

        completed(lookup);
    }
}
