using Transactions.Model;

namespace Transactions.Coordinator.Tests.Scenarios;

/// <summary>Effects as scenarios write them.</summary>
public sealed class EffectText(Notation notation)
{
    public string Of(CoordinatorEffect effect) => effect switch
    {
        CoordinatorEffect.Answer answer => Of(answer),
        CoordinatorEffect.Send send => $"L{send.Link.Value} {send.Shard} {Of(send.Frame)}",
        CoordinatorEffect.Record record => $"record {record.Batch} {string.Join(" + ", record.Decisions.Select(Of))}",
        CoordinatorEffect.Read read =>
            $"read {read.Request}{(read.Id is { } id ? $" {notation.Name(id)}" : "")}{(read.Key is { } key ? $" key={key.Key}" : "")}",
        CoordinatorEffect.MarkApplied mark =>
            $"mark-applied {mark.Batch} {string.Join(" + ", mark.Applied.Select(a => $"{notation.Name(a.Id)} {a.Shard}"))}",
        CoordinatorEffect.FindUnapplied find => $"find-unapplied {find.Limit}",
        CoordinatorEffect.Prune prune => $"prune {Notation.Text(prune.Mark)}",
        CoordinatorEffect.WakeWhenPast wake => $"wake {Notation.Text(wake.Timestamp)}",
        CoordinatorEffect.Notify notify => $"notify {Of(notify.Notice)}",
        _ => throw new ArgumentException($"{effect.GetType().Name} has no notation.", nameof(effect)),
    };

    private string Of(CoordinatorEffect.Answer answer)
    {
        string call = $"c{answer.Call.Value}";
        return answer.Reply switch
        {
            CoordinatorAnswer.Begun begun => $"answer {call} begun until {Notation.Text(begun.Context.Deadline)}",
            CoordinatorAnswer.Ended ended =>
                $"answer {call} {notation.Name(ended.Id)} {Of(ended.Outcome)}{(ended.Result is { } r ? $" result={Notation.Result(r)}" : "")}",
            CoordinatorAnswer.Undecided => $"answer {call} undecided",
            CoordinatorAnswer.HeartbeatSeen seen =>
                $"answer {call} seen{string.Concat(seen.Lost.Select(l => $" {notation.Name(l.Id)}={l.Reason}"))}",
            CoordinatorAnswer.TimestampGiven given => $"answer {call} timestamp {Notation.Text(given.Timestamp)}",
            CoordinatorAnswer.Refused { Refusal: var refusal } =>
                $"refuse {call} {refusal.Status} {refusal.Reason}{(refusal.Redirect is { } to ? $" redirect={to}" : "")}"
                + (refusal.MayRetry ? " retry" : ""),
            var other => throw new ArgumentException($"{other.GetType().Name} has no notation."),
        };
    }

    private string Of(CoordinatorFrame frame) => frame switch
    {
        CoordinatorFrame.Prepare p =>
            $"prepare {notation.Name(p.Id)} @{p.Generation} {(p.Wrote ? 'w' : 'r')}{p.Operations} floor {Notation.Text(p.Floor)}",
        CoordinatorFrame.CommitOnePhase p =>
            $"commit-one-phase {notation.Name(p.Id)} @{p.Generation} {(p.Wrote ? 'w' : 'r')}{p.Operations} floor {Notation.Text(p.Floor)}",
        CoordinatorFrame.Ended e => $"ended {notation.Name(e.Id)} {Of(e.Outcome)}",
        CoordinatorFrame.Pending p => $"pending {notation.Name(p.Id)}",
        CoordinatorFrame.ResolveOnePhase r => $"resolve-one-phase {notation.Name(r.Id)}",
        _ => throw new ArgumentException($"{frame.GetType().Name} has no notation.", nameof(frame)),
    };

    private string Of(Decision decision) =>
        $"{notation.Name(decision.Id)} {Of(decision.Outcome)}{string.Concat(decision.Writers.Select(w => $" {w}"))}"
        + (decision.Key is { } key ? $" key={key.Key}" : "")
        + (decision.Result is { } result ? $" result={Notation.Result(result)}" : "");

    public static string Of(Outcome outcome) =>
        outcome.IsCommitted ? $"committed {Notation.Text(outcome.CommitTimestamp)}" : $"aborted {outcome.Reason}";

    private string Of(CoordinatorNotice notice) => notice switch
    {
        CoordinatorNotice.Decided d => $"decided {notation.Name(d.Id)} {Of(d.Outcome)} shards={d.Shards}",
        CoordinatorNotice.RecordingAmbiguous a => $"recording-ambiguous {a.Transactions}",
        CoordinatorNotice.LogUnavailable l => $"log-unavailable {l.Waiting}",
        CoordinatorNotice.OutcomeUndelivered u => $"outcome-undelivered {notation.Name(u.Id)} {u.Shard}",
        CoordinatorNotice.ClockChanged c => $"clock {(c.IsHealthy ? "healthy" : "unhealthy")}",
        _ => throw new ArgumentException($"{notice.GetType().Name} has no notation.", nameof(notice)),
    };
}
