namespace Transactions.Client;

// A stream as whoever keeps it sees it.
internal interface IRequestStream : IAsyncDisposable
{
    bool IsBroken { get; }

    void Start();
}
