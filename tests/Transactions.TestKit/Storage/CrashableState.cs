namespace Transactions.TestKit.Storage;

/// <summary>A database's state with its write-ahead log's promise: what was acknowledged survives a crash, and so does all before it.</summary>
/// <param name="initial">The state at first; itself immutable.</param>
internal sealed class CrashableState<T>(T initial)
    where T : class
{
    private readonly Queue<Action> _late = new();
    private T _flushed = initial;

    public T Current { get; private set; } = initial;

    /// <summary>What no crash takes back.</summary>
    public T Durable => _flushed;

    /// <summary>Whether anything is visible that a crash may take back.</summary>
    public bool HasUnflushed => !ReferenceEquals(Current, _flushed);

    /// <summary>Runs one write under a fault.</summary>
    /// <param name="fault">What happens to it.</param>
    /// <param name="write">From the state to the next one (null when nothing is written) and the answer.</param>
    /// <param name="rolledBack">The answer when it is rolled back for no fault of its own.</param>
    /// <param name="ambiguous">The answer when the real one is lost.</param>
    public TResult Write<TResult>(
        StorageFault fault, Func<T, (T? Next, TResult Result)> write, Func<TResult> rolledBack, Func<TResult> ambiguous)
    {
        switch (fault)
        {
            case StorageFault.None:
                (T? next, TResult result) = write(Current);
                Acknowledge(next);
                return result;
            case StorageFault.RolledBack:
                return rolledBack();
            case StorageFault.AmbiguousWritten:
                Current = write(Current).Next ?? Current;
                return ambiguous();
            case StorageFault.AmbiguousLost:
                return ambiguous();
            case StorageFault.AmbiguousLate:
                _late.Enqueue(() => Current = write(Current).Next ?? Current);
                return ambiguous();
        }

        throw new ArgumentOutOfRangeException(nameof(fault), fault, "No such fault.");
    }

    /// <summary>A commit is acknowledged: all that is visible is durable. Null: nothing was written, and nothing acknowledged.</summary>
    public void Acknowledge(T? next)
    {
        if (next is not null)
        {
            Current = next;
            _flushed = next;
        }
    }

    /// <summary>Lets the writes that are still under way happen, oldest first.</summary>
    /// <returns>How many there were.</returns>
    public int RunLate()
    {
        int count = _late.Count;
        while (_late.TryDequeue(out Action? write))
        {
            write();
        }

        return count;
    }

    /// <summary>The server dies: what wasn't acknowledged is gone, unless it happened to reach the disk.</summary>
    public void Crash(bool keepUnflushed)
    {
        _late.Clear();
        if (keepUnflushed)
        {
            _flushed = Current;
        }
        else
        {
            Current = _flushed;
        }
    }
}
