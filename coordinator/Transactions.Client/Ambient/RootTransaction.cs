using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client;

/// <summary>A transaction where it was begun, and where it ends.</summary>
/// <remarks>
/// <see cref="TransactionClient.RunAsync{T}"/> is the easier way: it retries conflicts and knows idempotency keys. Disposing
/// aborts what isn't committed. Ending it is for one caller at a time; else as <see cref="Transaction"/>.
/// </remarks>
public sealed class RootTransaction : Transaction, IAsyncDisposable
{
    private readonly TransactionEnding _ending;
    private readonly CancellationTokenSource _lifetime;
    private CommitOrder? _order;
    private bool _isOver;
    private int _endedElsewhere;

    internal RootTransaction(
        TransactionContext context,
        CoordinatorSession session,
        TransactionEnding ending,
        TimeProvider timeProvider,
        Duration remaining,
        CancellationToken cancellationToken)
        : base(context, session.Signer.Sign(context), isVerified: true)
    {
        Session = session;
        _ending = ending;
        Deadlined = new CancellationTokenSource(ClientClock.RoundUp(remaining), timeProvider);
        _lifetime = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Deadlined.Token);
        CancellationToken = _lifetime.Token;
        ending.Track(this);
    }

    /// <inheritdoc/>
    public override CancellationToken CancellationToken { get; }

    internal CoordinatorSession Session { get; }

    internal override AbortReason EndedElsewhere => (AbortReason)Volatile.Read(ref _endedElsewhere);

    internal bool IsDeadlinePassed => Deadlined.IsCancellationRequested;

    private CancellationTokenSource Deadlined { get; }

    /// <summary>Commits.</summary>
    /// <param name="cancellationToken">Stops the waiting, never the transaction.</param>
    /// <returns>It is committed, and its commit timestamp past.</returns>
    /// <exception cref="InvalidOperationException">Calls of it are in flight, which changed nothing; or it has ended.</exception>
    /// <exception cref="TransactionAbortedException">It is aborted; <see cref="TransactionAbortedException.MayRetry"/> says more.</exception>
    /// <exception cref="TransactionRefusedException">The Commit was refused: it isn't committed and never will be.</exception>
    /// <exception cref="TransactionInDoubtException">The waiting ended before an answer came; call it again to ask on.</exception>
    /// <exception cref="OperationCanceledException">The token had fired before anything was sent: it is aborted.</exception>
    public async Task<CommitReceipt> CommitAsync(CancellationToken cancellationToken = default)
    {
        CommitResult result = await EndAsync(key: null, result: null, cancellationToken);
        return new(result.Id, result.Outcome.CommitTimestamp, Attempts: 1, WasReplay: false);
    }

    /// <summary>Gives the transaction up: none of its writes is ever visible. Does nothing when it has ended.</summary>
    /// <remarks>
    /// The coordinator is told as far as it can be reached; if it can't, the transaction ends there by its missing heartbeats.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Its Commit was sent and is in doubt: only an outcome ends it.</exception>
    public Task AbortAsync(CancellationToken cancellationToken = default)
    {
        if (_order is not null && !_isOver)
        {
            throw new InvalidOperationException($"Transaction {Id} is in doubt: call CommitAsync again to learn how it ended.");
        }

        if (_isOver)
        {
            return Task.CompletedTask;
        }

        Ledger.Condemn("It was aborted.", mayRetry: false);
        return GiveUpAsync(cancellationToken);
    }

    /// <summary>Aborts the transaction unless it has ended, or is in doubt.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isOver && _order is null)
        {
            await AbortAsync(CancellationToken.None);
        }

        Close();
    }

    // Returns committed outcomes only. Under a key perhaps another transaction's.
    internal async Task<CommitResult> EndAsync(string? key, ReadOnlyMemory<byte>? result, CancellationToken cancellationToken)
    {
        if (_isOver)
        {
            throw new InvalidOperationException($"Transaction {Id} has ended; begin another one.");
        }

        bool isAskedAgain = _order is not null;
        if (!isAskedAgain)
        {
            await SealAsync(key, result, cancellationToken);
        }

        try
        {
            CommitResult ended = await _ending.CommitAsync(this, _order!, isAskedAgain, cancellationToken);
            Close();
            return ended;
        }
        catch (TransactionInDoubtException)
        {
            // Its coordinator may not have heard of the Commit, and then forgets the transaction all the sooner.
            _ending.Untrack(this);
            throw;
        }
        catch
        {
            Close();
            throw;
        }
    }

    // The coordinator told us that the transaction can't commit any more. What callers registered with the token runs apart from
    // whoever told us, and its failures are reported, not thrown.
    internal void EndElsewhere(AbortReason reason, Action<TransactionId, Exception> callbackFailed)
    {
        Interlocked.CompareExchange(ref _endedElsewhere, (int)reason, (int)AbortReason.Unspecified);
        Ledger.Condemn($"Its coordinator ended it: {reason}.", reason.MayRetry());
        _ = CancelAsync(callbackFailed);
    }

    private async Task CancelAsync(Action<TransactionId, Exception> callbackFailed)
    {
        try
        {
            await _lifetime.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // It ended here at the same moment.
        }
        catch (AggregateException failed)
        {
            callbackFailed(Id, failed);
        }
    }

    private async Task SealAsync(string? key, ReadOnlyMemory<byte>? result, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            Ledger.Condemn("Its caller gave up.", mayRetry: false);
            await GiveUpAsync(CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
        }

        switch (Ledger.SealRoot())
        {
            case RootSeal.Ready ready:
                _order = new(Context, ready.Shards) { Key = key is null ? null : new(Context.Client, key), Result = result };
                break;

            case RootSeal.Doomed doomed:
                await GiveUpAsync(CancellationToken.None);
                throw TransactionAbortedException.For(Id, doomed.Doom, EndedElsewhere);

            case RootSeal.CallsInFlight inFlight:
                throw new InvalidOperationException(
                    $"Transaction {Id} can't commit while calls of it are in flight: {string.Join(", ", inFlight.Calls)}. "
                    + "Await every call, and read every stream to its end, before.");

            case var other:
                throw new InvalidOperationException($"No such seal: {other}.");
        }
    }

    internal Task GiveUpAsync(CancellationToken cancellationToken)
    {
        Close();
        return _ending.AbortAsync(this, cancellationToken);
    }

    private void Close()
    {
        _isOver = true;
        _ending.Untrack(this);
        _lifetime.Dispose();
        Deadlined.Dispose();
    }
}
