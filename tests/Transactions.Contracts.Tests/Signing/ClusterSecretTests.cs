using System.Security.Cryptography;
using Xunit;

namespace Transactions.Contracts.Tests;

[Trait("Rule", "X1")]
public sealed class ClusterSecretTests
{
    [Fact]
    public void Parse_TooShort_SaysTheRemedy()
    {
        string text = Assert.Throws<ArgumentException>(() => ClusterSecret.Parse(Convert.ToBase64String(new byte[15]))).Message;

        Assert.Contains("15 bytes", text, StringComparison.Ordinal);
        Assert.Contains("openssl", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("abababababababababababababababab")]
    public void FromBytes_NotRandom_IsRefused(string text)
    {
        Assert.Throws<ArgumentException>(() => ClusterSecret.FromBytes(System.Text.Encoding.ASCII.GetBytes(text)));
    }

    [Fact]
    public void Parse_NoBase64_IsRefusedWithoutRepeatingIt()
    {
        const string Text = "my dear secret, not base64!";

        Assert.DoesNotContain(Text, Assert.Throws<ArgumentException>(() => ClusterSecret.Parse(Text)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ToString_SecretAndKey_ShowNothing()
    {
        byte[] bytes = [.. Enumerable.Range(0, 32).Select(i => (byte)(i * 7))];
        ClusterSecret secret = ClusterSecret.Parse(Convert.ToBase64String(bytes));
        ClientKey key = ClientKey.Derive(secret, "checkout", 1);

        Assert.Equal("(cluster secret)", secret.ToString());
        Assert.Equal("(key of checkout, epoch 1)", key.ToString());
        Assert.Empty(typeof(ClusterSecret).GetProperties());
        Assert.DoesNotContain(typeof(ClientKey).GetProperties(), p => p.PropertyType == typeof(byte[]));
    }

    [Fact]
    public void Derive_Key_IsTheDocumentedHmac()
    {
        byte[] secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
        byte[] message = [.. "transactions/v1/client-key\0"u8, 0, 0, 0, 9, .. "checkout"u8];

        Assert.Equal(HMACSHA256.HashData(secret, message), ClientKey.Derive(ClusterSecret.FromBytes(secret), "checkout", 9).ToBytes());
    }

    [Fact]
    public void Derive_AnotherClientOrEpoch_IsAnotherKey()
    {
        byte[][] keys = [Key("a", 1), Key("a", 2), Key("b", 1), Key("aa", 1)];

        Assert.Equal(4, keys.Select(Convert.ToHexString).Distinct().Count());

        static byte[] Key(string client, int epoch) => ClientKey.Derive(Samples.Secret, client, epoch).ToBytes();
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("checkout", 0)]
    [InlineData("checkout", WireLimits.MaxKeyEpoch + 1)]
    public void Derive_OutOfRange_IsRefused(string client, int epoch)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ClientKey.Derive(Samples.Secret, client, epoch));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClientKey.FromBytes(new byte[32], client, epoch));
    }
}
