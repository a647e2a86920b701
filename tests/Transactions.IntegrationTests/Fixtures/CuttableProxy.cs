using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Transactions.IntegrationTests.Fixtures;

/// <summary>Stands between a client and its server as the network would, and breaks as networks do.</summary>
/// <remarks>It keeps its address for good; its server may come later, go, and come back elsewhere. Thread-safe.</remarks>
public sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<ProxiedConnection, bool> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<(string Host, int Port)?> _target;
    private readonly NpgsqlConnectionStringBuilder? _database;
    private readonly Task _accepting;
    private volatile bool _isDown;

    /// <summary>Stands before the PostgreSQL server of a connection string.</summary>
    public CuttableProxy(string connectionString, bool isDown = false)
        : this(new NpgsqlConnectionStringBuilder(connectionString), isDown)
    {
    }

    /// <summary>Stands before a server whose place is asked for with each connection; null while there is none.</summary>
    public CuttableProxy(Func<(string Host, int Port)?> target, bool isDown = false)
    {
        (_target, _isDown) = (target, isDown);
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    private CuttableProxy(NpgsqlConnectionStringBuilder database, bool isDown)
        : this(() => (database.Host!, database.Port), isDown) => _database = database;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>How to reach the database that it was made with through here.</summary>
    public string ConnectionString => Through(_database?.ConnectionString
        ?? throw new InvalidOperationException("It doesn't stand before a database."));

    /// <summary>What clients send.</summary>
    public ProxyFlow ToServer { get; } = new();

    /// <summary>What the server sends.</summary>
    public ProxyFlow ToClient { get; } = new();

    /// <summary>The same connection string, through here.</summary>
    public string Through(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = Address.Port }.ConnectionString;

    /// <summary>Breaks every client's connection; the server's ends stay open, as after a broken network. New ones get through.</summary>
    public void Cut()
    {
        foreach (ProxiedConnection connection in _connections.Keys)
        {
            connection.CutClientOff();
        }
    }

    /// <summary>Ends every connection, at both ends. New ones get through.</summary>
    public void Break()
    {
        foreach (ProxiedConnection connection in _connections.Keys)
        {
            connection.Dispose();
            _connections.TryRemove(connection, out _);
        }
    }

    /// <summary>Breaks every connection and refuses new ones.</summary>
    public void GoDown()
    {
        _isDown = true;
        Break();
    }

    /// <summary>Lets new connections through again.</summary>
    public void ComeBack() => _isDown = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        GoDown();
        ToServer.Heal();
        ToClient.Heal();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        TcpClient server = new();
        if (_isDown || _target() is not { } target || !await TryConnectAsync(server, target))
        {
            client.Dispose();
            server.Dispose();
            return;
        }

        using ProxiedConnection connection = new(client, server);
        _connections[connection] = true;
        if (_isDown)
        {
            // It went down meanwhile, and may have missed this one.
            return;
        }

        Task either = await Task.WhenAny(
            connection.PumpAsync(client, server, ToServer, _stop.Token), connection.PumpAsync(server, client, ToClient, _stop.Token));
        await either;
        if (connection.IsCut)
        {
            await connection.Ended;
        }

        _connections.TryRemove(connection, out _);
    }

    private async Task<bool> TryConnectAsync(TcpClient server, (string Host, int Port) target)
    {
        try
        {
            await server.ConnectAsync(target.Host, target.Port, _stop.Token);
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
