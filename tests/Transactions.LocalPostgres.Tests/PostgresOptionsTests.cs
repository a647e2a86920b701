using Xunit;

namespace Transactions.LocalPostgres.Tests;

public sealed class PostgresOptionsTests
{
    [Theory]
    [InlineData(null, PostgresBackend.Auto)]
    [InlineData("", PostgresBackend.Auto)]
    [InlineData(" AUTO ", PostgresBackend.Auto)]
    [InlineData("docker", PostgresBackend.Docker)]
    [InlineData("local", PostgresBackend.Installed)]
    [InlineData("embedded", PostgresBackend.Embedded)]
    [InlineData("none", PostgresBackend.None)]
    [InlineData("Host=127.0.0.1;Username=me", PostgresBackend.Given)]
    public void FromSwitch_KnownValue_ChoosesItsBackend(string? value, PostgresBackend expected)
    {
        PostgresOptions options = PostgresOptions.FromSwitch(value, inCi: false);

        Assert.Equal(expected, options.Backend);
        options.Validate();
    }

    [Fact]
    public void FromSwitch_UnknownValue_IsRefusedWithoutRepeatingIt()
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(
            () => PostgresOptions.FromSwitch("Password=secret", inCi: false));

        Assert.Contains(PostgresOptions.Variable, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromSwitch_NoneInCi_IsRefused() =>
        Assert.Throws<ArgumentException>(() => PostgresOptions.FromSwitch("none", inCi: true));

    [Fact]
    public void ToString_GivenServer_HidesItsPassword() =>
        Assert.DoesNotContain(
            "secret", PostgresOptions.FromSwitch("Host=h;Password=secret", inCi: false).ToString(), StringComparison.Ordinal);

    public static TheoryData<string, PostgresOptions> Refused => new()
    {
        { "Version", new PostgresOptions { Version = PostgresOptions.OldestVersion - 1 } },
        { "Version", new PostgresOptions { Version = PostgresOptions.NewestVersion + 1 } },
        { "Backend", new PostgresOptions { Backend = (PostgresBackend)42 } },
        { "Preference", new PostgresOptions { Preference = (PostgresPreference)42 } },
        { "GivenConnectionString", new PostgresOptions { Backend = PostgresBackend.Given } },
        { "GivenConnectionString", new PostgresOptions { GivenConnectionString = "Host=h" } },
        { "DataDirectory", new PostgresOptions { DataDirectory = "relative" } },
        { "DataDirectory", new PostgresOptions { DataDirectory = "/tmp/x", Backend = PostgresBackend.Docker } },
        { "Settings", new PostgresOptions { Settings = new Dictionary<string, string> { ["a b"] = "1" } } },
        { "Settings", new PostgresOptions { Settings = new Dictionary<string, string> { ["work_mem"] = "1\nfsync=off" } } },
        { "Settings", new PostgresOptions { Settings = new Dictionary<string, string> { ["port"] = "1" } } },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void Validate_OptionOutOfRange_NamesIt(string option, PostgresOptions options)
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(options.Validate);

        Assert.StartsWith(option, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PostgresOptions.OldestVersion)]
    [InlineData(PostgresOptions.NewestVersion)]
    public void Validate_VersionAtItsBound_IsAccepted(int version) => new PostgresOptions { Version = version }.Validate();
}
