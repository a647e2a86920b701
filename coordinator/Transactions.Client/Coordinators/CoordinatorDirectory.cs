using System.Collections.Immutable;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client;

// All coordinators known: those configured, and those that they named. One is home to new transactions until it fails.
internal sealed class CoordinatorDirectory : IAsyncDisposable
{
    private readonly TransactionClientOptions _options;
    private readonly ClientClock _clock;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private ImmutableArray<CoordinatorLink> _links;
    private int _home;

    public CoordinatorDirectory(TransactionClientOptions options, ClientClock clock, ILogger logger)
    {
        _options = options;
        _clock = clock;
        _logger = logger;
        _links = [.. options.Coordinators.Distinct().Select(address => MakeLink(address, null))];
    }

    // Tells where shards are, each time that a coordinator said so.
    public event Action<ImmutableArray<ShardEndpoint>>? OwnersLearned;

    public bool IsEmpty => _links.IsEmpty;

    // Home first, then the others once each.
    public IEnumerable<CoordinatorLink> InTurn()
    {
        ImmutableArray<CoordinatorLink> links = _links;
        int home = Volatile.Read(ref _home);
        for (int i = 0; i < links.Length; i++)
        {
            yield return links[(home + i) % links.Length];
        }
    }

    // The next session begins with a Hello, which also tells where shards are now.
    public void ForgetHome() => InTurn().FirstOrDefault()?.Forget();

    // A session with the home coordinator, or with the first that answers, which is home from then on.
    public async Task<CoordinatorSession> HomeAsync(CancellationToken cancellationToken)
    {
        Attempts failures = new();
        foreach (CoordinatorLink link in InTurn())
        {
            try
            {
                CoordinatorSession session = await SessionAsync(link, cancellationToken);
                MoveHome(link);
                return session;
            }
            catch (Exception failure) when (failure is RpcException or TransactionRefusedException or ClientClockException)
            {
                failures.Add(link, failure);
                Log.CoordinatorFailed(_logger, link.Key, failure.Message);
            }
        }

        throw failures.ToException();
    }

    // Asks one coordinator after the other until one answers; a refusal that won't change ends it.
    public async Task<T> AskAnyAsync<T>(Func<CoordinatorLink, Task<T>> ask)
    {
        Attempts failures = new();
        foreach (CoordinatorLink link in InTurn())
        {
            try
            {
                return await ask(link);
            }
            catch (Exception failure) when (failure is RpcException or TransactionRefusedException or ClientClockException)
            {
                failures.Add(link, failure);
                Log.CoordinatorFailed(_logger, link.Key, failure.Message);
            }
        }

        throw failures.ToException();
    }

    public async Task<CoordinatorSession> SessionAsync(CoordinatorLink link, CancellationToken cancellationToken)
    {
        CoordinatorSession session = await link.SessionAsync(cancellationToken);
        if (!session.WasLearned)
        {
            session.WasLearned = true;
            Learn(session);
        }

        return session;
    }

    // By name, or by address while the name isn't known; null for a stranger.
    public CoordinatorLink? Find(string key) => _links.FirstOrDefault(link => link.Key == key);

    public async ValueTask DisposeAsync()
    {
        foreach (CoordinatorLink link in _links)
        {
            await link.DisposeAsync();
        }
    }

    private CoordinatorLink MakeLink(Uri address, string? name) => new(address, name, _options, _clock, _logger);

    private void MoveHome(CoordinatorLink link)
    {
        int index = _links.IndexOf(link);
        if (index >= 0 && Interlocked.Exchange(ref _home, index) != index)
        {
            Log.HomeMoved(_logger, link.Key);
        }
    }

    // A coordinator that was configured under another address is the same one: only new names are new.
    private void Learn(CoordinatorSession session)
    {
        OwnersLearned?.Invoke(session.Welcome.Owners);
        lock (_lock)
        {
            foreach (CoordinatorEndpoint other in session.Welcome.Coordinators)
            {
                if (!Uri.TryCreate(other.Endpoint, UriKind.Absolute, out Uri? address)
                    || address.Scheme is not ("http" or "https")
                    || _links.Any(link => link.Name == other.Name || link.Address == address))
                {
                    continue;
                }

                _links = _links.Add(MakeLink(address, other.Name));
            }
        }
    }

    // What went wrong at each, so that one message tells all.
    private sealed class Attempts
    {
        private readonly List<string> _messages = [];
        private Exception? _telling;

        public void Add(CoordinatorLink link, Exception failure)
        {
            Refusal? refusal = Failures.RefusalIn(failure);
            _messages.Add($"{link.Key}: {(failure is RpcException rpc ? rpc.Status.Detail : failure.Message)}");

            // What waiting doesn't mend is told rather than what it does.
            if (failure is ClientClockException || refusal is { MayRetry: false })
            {
                _telling ??= failure is RpcException && refusal is not null ? new TransactionRefusedException(refusal, failure) : failure;
            }
        }

        public Exception ToException() => _telling ?? new TransactionRefusedException(Refusal.Unavailable(
            RefusalReason.PeerUnavailable,
            _messages.Count == 0
                ? "No coordinator is configured; add one to Transactions:Coordinators."
                : $"No coordinator answers ({string.Join("; ", _messages)}); check Transactions:Coordinators, and whether they run."));
    }
}
