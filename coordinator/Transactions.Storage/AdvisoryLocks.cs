using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Transactions.Storage;

/// <summary>Names PostgreSQL's advisory locks: a stable 64-bit key for each purpose.</summary>
/// <remarks>
/// Keys are shared by a whole database, so each is the start of a hash of a name that says whose it is. Two names with
/// one key would only wait for each other.
/// </remarks>
public static class AdvisoryLocks
{
    /// <summary>The lock under which migrations of this product run, whoever runs them.</summary>
    public static long Migrations { get; } = KeyOf("transactions/migrations");

    /// <summary>The key of a named lock.</summary>
    public static long KeyOf(string name) => BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
}
