namespace Transactions.Participant.Server.Postgres;

/// <summary>The server processes that last worked on writes of ours whose answers were lost (L6).</summary>
/// <remarks>Thread-safe. Bounded: the oldest is forgotten first, since terminating them is best effort anyway.</remarks>
internal sealed class LostBackends
{
    private const int MostRemembered = 64;

    private readonly Queue<int> _backends = new();

    public void Add(int backend)
    {
        lock (_backends)
        {
            _backends.Enqueue(backend);
            if (_backends.Count > MostRemembered)
            {
                _backends.Dequeue();
            }
        }
    }

    public int[] ToArray()
    {
        lock (_backends)
        {
            return [.. _backends];
        }
    }

    public void Clear()
    {
        lock (_backends)
        {
            _backends.Clear();
        }
    }
}
