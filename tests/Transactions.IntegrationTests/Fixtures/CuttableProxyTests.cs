using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Transactions.IntegrationTests.Fixtures;

/// <summary>The proxy breaks what it is told to, and nothing else.</summary>
public sealed class CuttableProxyTests : IAsyncLifetime
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly TcpClient _client = new();
    private CuttableProxy _proxy = null!;
    private TcpClient _accepted = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server.Start();
        _proxy = new CuttableProxy(() => ("127.0.0.1", ((IPEndPoint)_server.LocalEndpoint).Port));
        await _client.ConnectAsync("127.0.0.1", _proxy.Address.Port, Token);
        _accepted = await _server.AcceptTcpClientAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _accepted.Dispose();
        _server.Dispose();
        await _proxy.DisposeAsync();
    }

    [Fact]
    public async Task Hold_OneDirection_TheOtherGoesOnAndNothingIsLost()
    {
        _proxy.ToServer.Hold();
        await SendAsync(_client, 1);
        await SendAsync(_accepted, 2);
        Assert.Equal(2, await ReceiveAsync(_client));
        Assert.Equal(0, _accepted.Available);

        _proxy.ToServer.Heal();
        Assert.Equal(1, await ReceiveAsync(_accepted));
    }

    [Fact]
    public async Task Cut_Client_IsToldWhileTheServerIsNot()
    {
        await SendAsync(_client, 1);
        Assert.Equal(1, await ReceiveAsync(_accepted));
        _proxy.Cut();

        Assert.Null(await ReceiveAsync(_client));
        Assert.False(_accepted.Client.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead));

        _proxy.Break();
        Assert.Null(await ReceiveAsync(_accepted));
    }

    [Fact]
    public async Task GoDown_UntilComeBack_LetsNobodyThrough()
    {
        await SendAsync(_client, 1);
        Assert.Equal(1, await ReceiveAsync(_accepted));
        _proxy.GoDown();
        Assert.Null(await ReceiveAsync(_accepted));
        using TcpClient refused = new();
        await refused.ConnectAsync("127.0.0.1", _proxy.Address.Port, Token);
        Assert.Null(await ReceiveAsync(refused));

        _proxy.ComeBack();
        using TcpClient again = new();
        await again.ConnectAsync("127.0.0.1", _proxy.Address.Port, Token);
        await SendAsync(again, 3);
        using TcpClient served = await _server.AcceptTcpClientAsync(Token);
        Assert.Equal(3, await ReceiveAsync(served));
    }

    private static async Task SendAsync(TcpClient to, byte value) => await to.GetStream().WriteAsync(new[] { value }, Token);

    // Null at the end of the stream, or when it was reset.
    private static async Task<int?> ReceiveAsync(TcpClient from)
    {
        byte[] one = new byte[1];
        try
        {
            return await from.GetStream().ReadAsync(one, Token) == 0 ? null : one[0];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
