using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalPostgres;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Transactions.IntegrationTests.Fixtures;

/// <summary>The one server of this test assembly: Docker's where it runs, else an installed or fetched one.</summary>
public sealed class PostgresFixture() : ServerFixture(PostgresOptions.FromEnvironment() with
{
    Preference = PostgresPreference.DockerFirst,
    Durable = false,
    Settings = new Dictionary<string, string> { ["max_connections"] = "300" },
});
