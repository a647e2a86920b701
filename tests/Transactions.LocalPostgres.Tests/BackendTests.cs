namespace Transactions.LocalPostgres.Tests;

/// <summary>The contract with installed programs.</summary>
public sealed class InstalledServerTests() : ServerContract(PostgresBackend.Installed, version: null, TimeSpan.FromSeconds(3));

/// <summary>The contract with containers.</summary>
public sealed class DockerServerTests() : ServerContract(PostgresBackend.Docker, version: 15, TimeSpan.FromSeconds(10));

/// <summary>The contract with fetched programs of version 17.</summary>
public sealed class EmbeddedServer17Tests() : ServerContract(PostgresBackend.Embedded, version: 17, TimeSpan.FromSeconds(3));

/// <summary>The contract with fetched programs of version 18.</summary>
public sealed class EmbeddedServer18Tests() : ServerContract(PostgresBackend.Embedded, version: 18, TimeSpan.FromSeconds(3));
