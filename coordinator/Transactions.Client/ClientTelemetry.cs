using System.Diagnostics;
using System.Diagnostics.Metrics;
using NodaTime;
using Transactions.Model;

namespace Transactions.Client;

// What a person watches: one meter and one activity source, both named Transactions.Client.
internal sealed class ClientTelemetry : IDisposable
{
    public const string Name = "Transactions.Client";

    private static readonly ActivitySource Source = new(Name);

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _ended;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _resolves;
    private readonly Counter<long> _operations;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _commitDuration;

    public ClientTelemetry(Func<int> open)
    {
        _ended = _meter.CreateCounter<long>(
            "transactions.client.ended", "{transaction}", "Transactions that ended, retries not counted apart, by outcome.");
        _attempts = _meter.CreateCounter<long>("transactions.client.attempts", "{attempt}", "Runs of a transaction's body, by what came of them.");
        _resolves = _meter.CreateCounter<long>("transactions.client.resolves", "{call}", "Questions for an outcome whose answer was lost.");
        _operations = _meter.CreateCounter<long>("transactions.client.operations", "{operation}", "Store operations and reads, by answer.");
        _duration = _meter.CreateHistogram<double>("transactions.client.duration", "s", "How long transactions took, retries included.");
        _commitDuration = _meter.CreateHistogram<double>("transactions.client.commit.duration", "s", "How long their ends took.");
        _meter.CreateObservableGauge("transactions.client.open", open, "{transaction}", "Transactions begun here that haven't ended.");
    }

    public Activity? StartTransaction() => Source.StartActivity("transaction", ActivityKind.Client);

    public Activity? StartAttempt(TransactionId id, int number)
    {
        _attempts.Add(1);
        return Source.StartActivity("transaction.attempt")
            ?.SetTag("transaction.id", id.ToString()).SetTag("transaction.attempt", number);
    }

    public Activity? StartCommit(TransactionId id, int shards) => Source.StartActivity("transaction.commit", ActivityKind.Client)
        ?.SetTag("transaction.id", id.ToString()).SetTag("transaction.shards", shards);

    public void Committed(Duration took, CommitStep end) => _commitDuration.Record(
        took.TotalSeconds, new KeyValuePair<string, object?>("end", end.GetType().Name));

    public void Resolving() => _resolves.Add(1);

    public void Operated(string answer) => _operations.Add(1, new KeyValuePair<string, object?>("answer", answer));

    public void Ended(Activity? activity, Duration took, string outcome)
    {
        KeyValuePair<string, object?> tag = new("outcome", outcome);
        _ended.Add(1, tag);
        _duration.Record(took.TotalSeconds, tag);
        activity?.SetTag("transaction.outcome", outcome);
        if (outcome is not ("committed" or "replayed"))
        {
            activity?.SetStatus(ActivityStatusCode.Error, outcome);
        }
    }

    public void Dispose() => _meter.Dispose();
}
