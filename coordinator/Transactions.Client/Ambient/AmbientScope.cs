namespace Transactions.Client;

// What the code that runs now runs in: one transaction, one snapshot, or neither; the innermost counts. It flows into what is
// awaited and started from here, and not out of it again.
internal sealed class AmbientScope : IDisposable
{
    private static readonly AsyncLocal<object?> Innermost = new();

    private readonly object? _outer;

    private AmbientScope(object? entered)
    {
        _outer = Innermost.Value;
        Innermost.Value = entered;
    }

    public static Transaction? Transaction => Innermost.Value as Transaction;

    public static Snapshot? Snapshot => Innermost.Value as Snapshot;

    public static AmbientScope Enter(object? entered) => new(entered);

    public void Dispose() => Innermost.Value = _outer;
}
