using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// One coordinator by its address: its channel, and what its last Hello gave. Hello is said at first use, and again when what it
// gave is no longer true: another life, another key.
internal sealed class CoordinatorLink(
    Uri address, string? name, TransactionClientOptions options, ClientClock clock, ILogger logger) : IDisposable
{
    private readonly GrpcChannel _channel = Channels.Open(address, options.ConnectTimeout);
    private readonly SemaphoreSlim _oneHello = new(1);
    private volatile CoordinatorSession? _session;
    private V1.Coordinator.CoordinatorClient? _client;

    public Uri Address => address;

    public string? Name { get; private set; } = name;

    // How a commit conversation calls it: by its name as soon as it is known.
    public string Key => Name ?? address.ToString();

    private V1.Coordinator.CoordinatorClient Client => _client ??= new(_channel);

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

    // One call, bounded: past the time it counts as lost, and RpcException says so.
    public async Task<T> CallAsync<T>(
        Func<V1.Coordinator.CoordinatorClient, CallOptions, AsyncUnaryCall<T>> call, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using CancellationTokenSource bound = clock.CancelAfter(timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            using AsyncUnaryCall<T> made = call(Client, new CallOptions(cancellationToken: either.Token));
            return await made;
        }
        catch (Exception cancelled) when (bound.IsCancellationRequested && !cancellationToken.IsCancellationRequested
            && cancelled is RpcException { StatusCode: StatusCode.Cancelled } or OperationCanceledException)
        {
            throw new RpcException(
                new Status(StatusCode.DeadlineExceeded, $"Coordinator {Key} didn't answer within {timeout}.", cancelled));
        }
        catch (RpcException cancelled) when (cancelled.StatusCode == StatusCode.Cancelled && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancelled.Message, cancelled, cancellationToken);
        }
    }

    public void Dispose()
    {
        _channel.Dispose();
        _oneHello.Dispose();
    }

    private async Task<CoordinatorSession> HelloAsync(CancellationToken cancellationToken)
    {
        Timestamp before = clock.Now;
        V1.HelloReply reply = await CallAsync(
            (client, o) => client.HelloAsync(ClientHandshake.Introduce(options.Cluster, options.ClientId), o),
            options.ConnectTimeout,
            cancellationToken);
        Timestamp after = clock.Now;
        if (!ClientHandshake.TryRead(reply, options.ClientId, out ClientWelcome? welcome, out Refusal? refusal))
        {
            throw new TransactionRefusedException(refusal with
            {
                Message = $"The coordinator at {address} answered Hello with what can't be read: {refusal.Message}",
            });
        }

        CheckOwnClock(welcome, before, after);
        Name = welcome.Coordinator.Name;
        Log.SaidHello(logger, welcome.Coordinator.Name, address, welcome.Coordinator.Incarnation.ToString());
        return new(this, welcome);
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
