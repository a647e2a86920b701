using Transactions.IntegrationTests.Fixtures;
using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>One coordinator for a class of tests, with a log of its own.</summary>
public sealed class CoordinatorFixture(PostgresFixture postgres) : IAsyncLifetime
{
    /// <summary>The coordinator, named "one".</summary>
    public TestCoordinator Coordinator { get; private set; } = null!;

    /// <summary>Starts it.</summary>
    public async ValueTask InitializeAsync() =>
        Coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("coordinator"), configure: o =>
        {
            o.MaxShards = 4;
            o.MaxResultBytes = 100;
            o.VoteTimeout = TimeSpan.FromSeconds(1);
        });

    /// <summary>Stops it.</summary>
    public ValueTask DisposeAsync() => Coordinator?.DisposeAsync() ?? ValueTask.CompletedTask;
}
