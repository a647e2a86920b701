using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NodaTime;
using Xunit;

namespace Transactions.Client.Tests;

public sealed class OptionsTests
{
    public static TheoryData<string, Action<TransactionClientOptions>> Faults() => new()
    {
        { "Cluster", o => o.Cluster = "" },
        { "Cluster", o => o.Cluster = new('c', 64) },
        { "ClientId", o => o.ClientId = new('c', 101) },
        { "ClientId", o => o.ClientId = "a\nb" },
        { "Coordinators", o => o.Coordinators.Add(new("ftp://there")) },
        { "Coordinators", o => o.Coordinators.Add(new("there", UriKind.Relative)) },
        { "Services", o => o.Services["No Name"] = [new("http://there")] },
        { "Services:orders", o => o.Services["orders"] = [] },
        { "DefaultTimeout", o => o.DefaultTimeout = TimeSpan.FromTicks(9_999) },
        { "DefaultTimeout", o => o.DefaultTimeout = TimeSpan.FromHours(1.01) },
        { "HeartbeatInterval", o => o.HeartbeatInterval = TimeSpan.FromMilliseconds(9) },
        { "CallTimeout", o => o.CallTimeout = TimeSpan.FromMinutes(6) },
        { "ConnectTimeout", o => o.ConnectTimeout = TimeSpan.Zero },
        { "OutcomeWait", o => o.OutcomeWait = TimeSpan.FromDays(2) },
        { "Retry", o => o.Retry = new() { MaxAttempts = 0 } },
        { "AskAgain", o => o.AskAgain = new() { BaseDelay = Duration.Zero } },
        { "MaxQueuedRequests", o => o.MaxQueuedRequests = 0 },
        { "Json", o => o.Json = null! },
    };

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public void FindFaults_OneSettingWrong_NamesIt(string setting, Action<TransactionClientOptions> spoil)
    {
        TransactionClientOptions options = Good();
        Assert.Empty(options.FindFaults());

        spoil(options);

        Assert.StartsWith($"Transactions:{setting}", Assert.Single(options.FindFaults()), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new TransactionClient(options));
    }

    [Fact]
    public async Task AddTransactions_Twice_AddsUpToOneClient()
    {
        ServiceCollection services = new();
        services.AddTransactions(o => o.Cluster = "test").AddTransactions(o => o.ClientId = "tests");
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Same(provider.GetRequiredService<TransactionClient>(), provider.GetRequiredService<TransactionClient>());
        Assert.Equal("tests", provider.GetRequiredService<TransactionClient>().ClientId);
    }

    [Fact]
    public void AddTransactions_Unconfigured_IsRefused()
    {
        using ServiceProvider provider = new ServiceCollection().AddTransactions().BuildServiceProvider();

        var invalid = Assert.Throws<OptionsValidationException>(provider.GetRequiredService<TransactionClient>);

        Assert.Equal(2, invalid.Failures.Count());
    }

    private static TransactionClientOptions Good() => new() { Cluster = "test", ClientId = "tests", Coordinators = { new("http://there:5001") } };
}
