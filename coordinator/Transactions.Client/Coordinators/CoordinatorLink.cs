using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Asked = Transactions.Contracts.V1.ClientRequest.BodyOneofCase;
using Told = Transactions.Contracts.V1.ClientReply.BodyOneofCase;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// One coordinator by its address: its channel, its stream, and what its last Hello gave. Hello is said at first use, and again when
// what it gave is no longer true: another life, another key.
internal sealed class CoordinatorLink : IAsyncDisposable
{
    private readonly TransactionClientOptions _options;
    private readonly ClientClock _clock;
    private readonly ILogger _logger;
    private readonly GrpcChannel _channel;
    private readonly V1.Coordinator.CoordinatorClient _client;
    private readonly OneStream<CoordinatorStream> _stream;
    private readonly SemaphoreSlim _oneHello = new(1);
    private volatile CoordinatorSession? _session;

    public CoordinatorLink(Uri address, string? name, TransactionClientOptions options, ClientClock clock, ILogger logger)
    {
        (Address, Name, _options, _clock, _logger) = (address, name, options, clock, logger);
        _channel = Channels.Open(address, options.ConnectTimeout);
        _client = new(_channel);
        _stream = new(() => new(_client, address, options, clock, logger, ForgetOtherLife));
    }

    public Uri Address { get; }

    public string? Name { get; private set; }

    // How a commit conversation calls it: by its name as soon as it is known.
    public string Key => Name ?? Address.ToString();

    // Throws RpcException, TransactionRefusedException, ClientClockException, OperationCanceledException.
    public async Task<CoordinatorSession> SessionAsync(CancellationToken cancellationToken)
    {
        if (_session is { } known)
        {
            return known;
        }

        await _oneHello.WaitAsync(cancellationToken);
        try
        {
            return _session ??= await HelloAsync(cancellationToken);
        }
        finally
        {
            _oneHello.Release();
        }
    }

    // The next transaction says Hello again. A session that was replaced meanwhile stays.
    public void Forget(CoordinatorSession stale)
    {
        if (ReferenceEquals(_session, stale))
        {
            _session = null;
        }
    }

    public void Forget() => _session = null;

    // One request on the stream, bounded: past the time it counts as lost. RpcException as from a unary call: with a refusal of ours
    // where it changed nothing; without one where nobody knows what became of it.
    public async Task<V1.ClientReply> AskAsync(V1.ClientRequest request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        V1.ClientReply reply = await WithinAsync(token => AskAsync(request, token), timeout, cancellationToken);
        return reply.BodyCase == ReplyTo(request.BodyCase) ? reply
            : reply.Refused is { } status ? throw status.ToRpcException()
            : throw new RpcException(new Status(
                StatusCode.Internal, $"Coordinator {Key} answered {request.BodyCase} with what can't be read: {reply.BodyCase}."));
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _channel.Dispose();
        _oneHello.Dispose();
    }

    private static Told ReplyTo(Asked asked) => asked switch
    {
        Asked.Commit or Asked.Abort or Asked.Resolve => Told.Ended,
        Asked.Heartbeat => Told.Heartbeat,
        Asked.GetOutcome => Told.Outcome,
        Asked.GetTimestamp => Told.Timestamp,
        Asked.None or Asked.Cancel => throw new InvalidOperationException($"{asked} has no reply."),
    };

    private async Task<V1.ClientReply> AskAsync(V1.ClientRequest request, CancellationToken cancellationToken)
    {
        bool mayAskAnew = true;
        while (true)
        {
            CoordinatorStream stream = _stream.Current() ?? throw new ObjectDisposedException(nameof(TransactionClient));
            try
            {
                return await stream.AskAsync(request, cancellationToken);
            }
            catch (UnansweredException failure) when (mayAskAnew && failure is { WasSent: false, WasWelcomed: true })
            {
                // The stream broke under what waited for its turn, which nobody has seen: once more, on a new one.
                mayAskAnew = false;
            }
            catch (UnansweredException failure)
            {
                throw ToRpcException(failure);
            }
        }
    }

    private RpcException ToRpcException(UnansweredException failure)
    {
        if (failure.IsQueueFull)
        {
            return RefusalMapping.ToRpcException(Refusal.Limit("requests", failure.Message) with { MayRetry = true });
        }

        // D4: why a stream ended is no answer to what was sent on it.
        return !failure.WasSent && failure.InnerException is RpcException cause && RefusalMapping.FromRpcException(cause) is { } refusal
            ? RefusalMapping.ToRpcException(refusal)
            : new RpcException(new Status(StatusCode.Unavailable, failure.Message, failure));
    }

    private async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> ask, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using CancellationTokenSource bound = _clock.CancelAfter(timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            return await ask(either.Token);
        }
        catch (Exception cancelled) when (bound.IsCancellationRequested && !cancellationToken.IsCancellationRequested
            && cancelled is RpcException { StatusCode: StatusCode.Cancelled } or OperationCanceledException)
        {
            throw new RpcException(
                new Status(StatusCode.DeadlineExceeded, $"Coordinator {Key} didn't answer within {timeout}.", cancelled));
        }
        catch (Exception cancelled) when (cancellationToken.IsCancellationRequested
            && cancelled is RpcException { StatusCode: StatusCode.Cancelled } or OperationCanceledException)
        {
            throw new OperationCanceledException(cancelled.Message, cancelled, cancellationToken);
        }
    }

    private async Task<CoordinatorSession> HelloAsync(CancellationToken cancellationToken)
    {
        Timestamp before = _clock.Now;
        V1.HelloReply reply = await WithinAsync(SayHelloAsync, _options.ConnectTimeout, cancellationToken);
        Timestamp after = _clock.Now;
        if (!ClientHandshake.TryRead(reply, _options.ClientId, out ClientWelcome? welcome, out Refusal? refusal))
        {
            throw new TransactionRefusedException(refusal with
            {
                Message = $"The coordinator at {Address} answered Hello with what can't be read: {refusal.Message}",
            });
        }

        CheckOwnClock(welcome, before, after);
        Name = welcome.Coordinator.Name;
        Log.SaidHello(_logger, welcome.Coordinator.Name, Address, welcome.Coordinator.Incarnation.ToString());
        return new(this, welcome);
    }

    private async Task<V1.HelloReply> SayHelloAsync(CancellationToken cancellationToken)
    {
        using AsyncUnaryCall<V1.HelloReply> call = _client.HelloAsync(
            ClientHandshake.Introduce(_options.Cluster, _options.ClientId), cancellationToken: cancellationToken);
        return await call;
    }

    // X1: a stream that meets another life than the session's says so before a transaction is begun in vain.
    private void ForgetOtherLife(CoordinatorId met)
    {
        if (_session is { } known && known.Coordinator != met)
        {
            Forget(known);
        }
    }

    // X1: ids and deadlines are dated by this machine. What the journey took is nobody's error, so only certain offsets count.
    private void CheckOwnClock(ClientWelcome welcome, Timestamp before, Timestamp after)
    {
        Duration ahead = before.Since(welcome.Clock.Latest);
        Duration behind = welcome.Clock.Earliest.Since(after);
        Duration most = welcome.Limits.MaxOffset;
        if (ahead > most)
        {
            throw new ClientClockException(welcome.Coordinator.Name, before, welcome.Clock, ahead, most);
        }

        if (behind > most)
        {
            throw new ClientClockException(welcome.Coordinator.Name, after, welcome.Clock, -behind, most);
        }
    }
}
