using Transactions.Clocks;
using Transactions.Coordinator.Turns;

namespace Transactions.Coordinator.Timing;

// X9: holds back what tells of a commit until its timestamp is certainly past.
internal sealed class CommitWaits(Workspace work)
{
    private readonly DueQueue<Timestamp, Action> _waiting = new();
    private Timestamp? _asked;

    public int Count => _waiting.Count;

    // Goes on at once if the timestamp has passed, else as soon as a reading says so.
    public void WhenPast(Timestamp timestamp, Action then)
    {
        if (work.HasPassed(timestamp))
        {
            then();
            return;
        }

        _waiting.Add(timestamp, then);
    }

    // The driver's timer may fire early: only the reading counts.
    public void Release()
    {
        while (_waiting.TryPeek(out Timestamp due) && work.HasPassed(due))
        {
            _waiting.Take()();
        }
    }

    // One wake-up at a time, for the least timestamp waited for: when it is past, the next one is asked for.
    public void AskForWakeUp()
    {
        if (!_waiting.TryPeek(out Timestamp least))
        {
            _asked = null;
        }
        else if (_asked != least)
        {
            _asked = least;
            work.Emit(new CoordinatorEffect.WakeWhenPast(least));
        }
    }
}
