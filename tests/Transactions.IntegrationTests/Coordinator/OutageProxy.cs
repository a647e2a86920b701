using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Stands before PostgreSQL at one address for good, and lets nobody through while it is down.</summary>
public sealed class OutageProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly Task _accepting;
    private volatile bool _isDown;

    /// <summary>Stands before the server of a connection string.</summary>
    public OutageProxy(string connectionString, bool isDown = false)
    {
        _target = new(connectionString);
        _isDown = isDown;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>How to reach the server through here.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder(_target.ConnectionString)
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
    }.ConnectionString;

    /// <summary>Breaks every connection and refuses new ones.</summary>
    public void GoDown()
    {
        _isDown = true;
        foreach (TcpClient client in _clients)
        {
            client.Dispose();
        }
    }

    /// <summary>Lets new connections through again.</summary>
    public void ComeBack() => _isDown = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GoDown();
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                if (_isDown)
                {
                    client.Dispose();
                    continue;
                }

                TcpClient server = new();
                await server.ConnectAsync(_target.Host!, _target.Port, _stop.Token);
                _clients.Add(client);
                _clients.Add(server);
                _ = PumpAsync(client, server);
                _ = PumpAsync(server, client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Broken: so is the other way.
        }

        from.Dispose();
        to.Dispose();
    }
}
