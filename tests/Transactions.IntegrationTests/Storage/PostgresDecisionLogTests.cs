using Transactions.IntegrationTests.Fixtures;
using Xunit;

namespace Transactions.IntegrationTests.Storage;

public sealed class PostgresDecisionLogTests(PostgresFixture server) : PostgresDecisionLogContract(server);

[Collection(Postgres17.Name)]
public sealed class Postgres17DecisionLogTests(Postgres17Fixture server) : PostgresDecisionLogContract(server);

[Collection(Postgres18.Name)]
public sealed class Postgres18DecisionLogTests(Postgres18Fixture server) : PostgresDecisionLogContract(server);
