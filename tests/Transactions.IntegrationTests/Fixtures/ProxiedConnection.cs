using System.Net.Sockets;

namespace Transactions.IntegrationTests.Fixtures;

/// <summary>One connection through a <see cref="CuttableProxy"/>. Thread-safe.</summary>
internal sealed class ProxiedConnection : IDisposable
{
    private readonly TcpClient _client;
    private readonly TcpClient _server;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ProxiedConnection(TcpClient client, TcpClient server)
    {
        (_client, _server) = (client, server);
        client.NoDelay = true;
        server.NoDelay = true;
    }

    /// <summary>Whether the client was cut off while the server was told nothing.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Completes when both ends are closed.</summary>
    public Task Ended => _ended.Task;

    public void CutClientOff()
    {
        IsCut = true;
        try
        {
            if (_client.Client is { } open)
            {
                open.LingerState = new LingerOption(true, 0);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // It went by itself.
        }

        _client.Close();
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _ended.TrySetResult();
    }

    /// <summary>Carries bytes one way until either end is closed.</summary>
    public async Task PumpAsync(TcpClient from, TcpClient to, ProxyFlow flow, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            NetworkStream source = from.GetStream();
            NetworkStream target = to.GetStream();
            while (await source.ReadAsync(buffer, cancellationToken) is > 0 and int count)
            {
                await flow.PassAsync(cancellationToken);
                await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed, by an end or by us.
        }
    }
}
