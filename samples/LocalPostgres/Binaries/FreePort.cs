using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Transactions.LocalPostgres.Binaries;

/// <summary>Finds a port for a server that keeps it across restarts.</summary>
internal static class FreePort
{
    // Below the ports that systems give to outgoing connections, so that none takes it while the server is down.
    private const int First = 15_000;
    private const int Last = 32_000;
    private const int Attempts = 100;

    /// <summary>A port that was free a moment ago.</summary>
    /// <exception cref="PostgresUnavailableException">None was found.</exception>
    public static int Find()
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            int port = RandomNumberGenerator.GetInt32(First, Last);
            try
            {
                using TcpListener listener = new(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: try another.
            }
        }

        throw new PostgresUnavailableException($"no free port from {First} to {Last} on 127.0.0.1");
    }
}
