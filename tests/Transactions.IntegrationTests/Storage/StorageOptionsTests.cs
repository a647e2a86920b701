using NodaTime;
using Transactions.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage;

public sealed class StorageOptionsTests
{
    private static readonly StorageOptions s_valid = new() { ConnectionString = "Host=db;Password=hidden" };

    public static TheoryData<StorageOptions, string> Invalid { get; } = new()
    {
        { s_valid with { ConnectionString = "" }, nameof(StorageOptions.ConnectionString) },
        { s_valid with { ConnectionString = "Host=db;Passwort=hidden" }, nameof(StorageOptions.ConnectionString) },
        { s_valid with { ApplicationName = "" }, nameof(StorageOptions.ApplicationName) },
        { s_valid with { ReadConnections = 0 }, nameof(StorageOptions.ReadConnections) },
        { s_valid with { WriteConnections = 3 }, nameof(StorageOptions.WriteConnections) },
        { s_valid with { ConnectTimeout = Duration.FromMilliseconds(999) }, nameof(StorageOptions.ConnectTimeout) },
        { s_valid with { CommandTimeout = Duration.FromMinutes(11) }, nameof(StorageOptions.CommandTimeout) },
        { s_valid with { LockTimeout = Duration.FromMilliseconds(9) }, nameof(StorageOptions.LockTimeout) },
        { s_valid with { LockTimeout = Duration.FromSeconds(16) }, nameof(StorageOptions.LockTimeout) },
        { s_valid with { MaxStartupPause = Duration.Zero }, nameof(StorageOptions.MaxStartupPause) },
    };

    [Fact]
    public void Validate_Defaults_AreAccepted() => s_valid.Validate();

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Validate_OutOfRange_NamesTheOptionAndNoSecret(StorageOptions options, string name)
    {
        var refusal = Assert.Throws<ArgumentException>(options.Validate);

        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToString_WithPassword_HidesIt() => Assert.DoesNotContain("hidden", s_valid.ToString(), StringComparison.Ordinal);
}
