using Transactions.Clocks;

namespace Transactions.Coordinator.Batching;

// A decision on its way into the log, and who wants to know what became of it.
internal sealed class PendingDecision(Decision decision, Timestamp? giveUpAfter)
{
    private readonly List<Action<DecisionFate>> _followers = [];

    public Decision Decision { get; private set; } = decision;

    // D1: tried again until then, if nothing can have been written; null never gives up.
    public Timestamp? GiveUpAfter { get; } = giveUpAfter;

    // D2: an insert was sent and its answer lost.
    public bool WasAmbiguous { get; private set; }

    public void Follow(Action<DecisionFate> completed) => _followers.Add(completed);

    public void BecomeAbort(Decision abort)
    {
        WasAmbiguous = true;
        Decision = abort;
    }

    public void Complete(DecisionFate fate)
    {
        foreach (Action<DecisionFate> completed in _followers)
        {
            completed(fate);
        }
    }
}
