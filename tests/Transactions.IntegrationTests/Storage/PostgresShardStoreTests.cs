using Transactions.IntegrationTests.Fixtures;
using Xunit;

namespace Transactions.IntegrationTests.Storage;

public sealed class PostgresShardStoreTests(PostgresFixture server) : PostgresShardStoreContract(server);

[Collection(Postgres17.Name)]
public sealed class Postgres17ShardStoreTests(Postgres17Fixture server) : PostgresShardStoreContract(server);

[Collection(Postgres18.Name)]
public sealed class Postgres18ShardStoreTests(Postgres18Fixture server) : PostgresShardStoreContract(server);
