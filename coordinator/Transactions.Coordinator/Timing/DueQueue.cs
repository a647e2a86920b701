using System.Diagnostics.CodeAnalysis;

namespace Transactions.Coordinator.Timing;

// Items by the moment they are due; items due at the same moment come out in the order they went in.
internal sealed class DueQueue<TDue, TItem>
    where TDue : struct, IComparable<TDue>
{
    private readonly PriorityQueue<TItem, (TDue Due, long Order)> _queue = new();
    private long _order;

    public int Count => _queue.Count;

    public void Add(TDue due, TItem item) => _queue.Enqueue(item, (due, _order++));

    public bool TryPeek(out TDue due)
    {
        bool found = _queue.TryPeek(out _, out (TDue Due, long Order) priority);
        due = priority.Due;
        return found;
    }

    // Takes the next item that is due at or before a moment.
    public bool TryTake(TDue now, [MaybeNullWhen(false)] out TItem item)
    {
        if (TryPeek(out TDue due) && due.CompareTo(now) <= 0)
        {
            item = _queue.Dequeue();
            return true;
        }

        item = default;
        return false;
    }

    // Takes the next item, whenever it is due.
    public TItem Take() => _queue.Dequeue();
}
