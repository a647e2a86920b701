using Transactions.LocalPostgres;
using Xunit;

namespace Transactions.IntegrationTests.Fixtures;

/// <summary>PostgreSQL 17, fetched once: for the suites that must hold on every supported version.</summary>
public sealed class Postgres17Fixture() : ServerFixture(new PostgresOptions
{
    Backend = PostgresBackend.Embedded,
    Version = 17,
    Durable = false,
    Settings = new Dictionary<string, string> { ["max_connections"] = "300" },
});

/// <summary>Names the tests that share it.</summary>
[CollectionDefinition(Name)]
public sealed class Postgres17 : ICollectionFixture<Postgres17Fixture>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "PostgreSQL 17";
}
