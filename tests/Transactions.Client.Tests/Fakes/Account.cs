namespace Transactions.Client.Tests;

public sealed record Account(string Owner, int Balance);
