namespace Transactions.Client;

// One stream at a time to a peer, made anew by the request that finds it broken. Thread-safe.
internal sealed class OneStream<TStream>(Func<TStream> make) : IAsyncDisposable
    where TStream : class, IRequestStream
{
    private readonly Lock _lock = new();
    private TStream? _stream;
    private bool _isDisposed;

    // Null once it is disposed.
    public TStream? Current()
    {
        lock (_lock)
        {
            if (!_isDisposed && _stream is null or { IsBroken: true })
            {
                _stream = make();
                _stream.Start();
            }

            return _isDisposed ? null : _stream;
        }
    }

    public async ValueTask DisposeAsync()
    {
        TStream? stream;
        lock (_lock)
        {
            _isDisposed = true;
            stream = _stream;
        }

        if (stream is not null)
        {
            await stream.DisposeAsync();
        }
    }
}
