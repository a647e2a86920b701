using System.CommandLine;
using Transactions.Benchmarks;
using Transactions.Benchmarks.Transfers;

Option<string?> against = new("--vs") { Description = "What to compare with in the same run: raw-2pc." };
Option<int> clients = new("--clients") { Description = "How many transfers are under way at once.", DefaultValueFactory = _ => 32 };
Option<int> seconds = new("--seconds") { Description = "How long each round takes.", DefaultValueFactory = _ => 5 };
Option<int> rounds = new("--rounds") { Description = "How many rounds of each, in turn.", DefaultValueFactory = _ => 3 };
Option<int> warmUp = new("--warm-up")
{
    Description = "How many seconds each is run beforehand at most; it ends when that brings nothing more.", DefaultValueFactory = _ => 90,
};
Option<int> accounts = new("--accounts") { Description = "How many accounts each shard has.", DefaultValueFactory = _ => 1_000 };
against.AcceptOnlyFromAmong("raw-2pc");

Command transfer = new("transfer", "Money from an account of one shard to one of another: two reads, two writes, one commit.")
{
    against, clients, seconds, rounds, warmUp, accounts,
};
transfer.SetAction((parsed, cancellationToken) => TransferBenchmark.RunAsync(
    new TransferSettings(
        parsed.GetValue(clients),
        TimeSpan.FromSeconds(parsed.GetValue(seconds)),
        parsed.GetValue(rounds),
        TimeSpan.FromSeconds(parsed.GetValue(warmUp)),
        parsed.GetValue(accounts),
        parsed.GetValue(against) == "raw-2pc"),
    cancellationToken));

return await new RootCommand("Measures what transactions cost, as ratios within one run.") { transfer }.Parse(args).InvokeAsync();
