using System.Security.Cryptography;

namespace Transactions.Client.Tests;

internal static class Chance
{
    public static long Next64() => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8));
}
