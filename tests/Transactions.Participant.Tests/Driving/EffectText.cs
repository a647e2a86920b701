using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant.Tests;

/// <summary>Writes effects as the scenarios do; null for those that scenarios leave out.</summary>
internal static class EffectText
{
    public static string? Of(ShardEffect effect) => effect switch
    {
        ShardEffect.Answer answer => $"answer {answer.Call.Value}: {Of(answer.Reply)}",
        ShardEffect.Send send => $"{Of(send.To)} <- {Of(send.Frame)}",
        ShardEffect.ReadVersions read => $"read {Of(read.Query)}",
        ShardEffect.ReadOutcome read => $"look up {Name.Of(read.Id)}",
        ShardEffect.Persist persist => $"persist {string.Join("; ", persist.Items.Select(Of))}",
        ShardEffect.Apply apply => $"apply {string.Join("; ", apply.Items.Select(Of))}",
        ShardEffect.Reconcile reconcile => $"reconcile {string.Join(", ", reconcile.Doubtful.Select(Name.Of))}",
        ShardEffect.ReadShardRow => "read row",
        ShardEffect.TakeOver takeover => $"take over from {takeover.Seen} after {Name.Of(takeover.WaitedOut)} until {Name.Of(takeover.LeaseUntil)}",
        ShardEffect.Load => "load",
        ShardEffect.Renew renew => $"renew until {Name.Of(renew.LeaseUntil)}, visible {Name.Of(renew.VisibleUpto)}",
        ShardEffect.HandBack back => $"hand back to {Name.Of(back.LeaseUntil)}",
        ShardEffect.Prune => "prune",
        ShardEffect.Own own => $"own {own.Owner.Generation}",
        ShardEffect.Disown disown => $"disown {disown.Owner.Generation}",
        ShardEffect.Stopped => "stopped",
        ShardEffect.Notify { Notice: ShardNotice.Wounded wounded } => $"wounded {Name.Of(wounded.Victim)} by {Name.Of(wounded.By)}",
        ShardEffect.Notify { Notice: ShardNotice.InDoubt doubt } => $"in doubt {Name.Of(doubt.Id)}",
        ShardEffect.Notify or ShardEffect.WakeWhenPast => null,
        _ => throw new InvalidOperationException($"No such effect: {effect.GetType().Name}."),
    };

    private static string Of(CoordinatorId coordinator) =>
        coordinator.Incarnation.Value == 1 ? coordinator.Name : $"{coordinator.Name}#{coordinator.Incarnation.Value}";

    private static string Of(ShardAnswer answer) => answer switch
    {
        ShardAnswer.Admitted admitted => Of(admitted.Result) + (admitted.Wrote ? ", wrote" : ""),
        ShardAnswer.Read read => $"at {Name.Of(read.ReadTimestamp)}: {Of(read.Result)}",
        ShardAnswer.Refused refused => "refused " + string.Join(
            ' ',
            new[]
            {
                refused.Refusal.Reason.ToString(),
                refused.Refusal.AbortReason == AbortReason.Unspecified ? null : refused.Refusal.AbortReason.ToString(),
                refused.Refusal.Field,
                refused.AdmittedBy is null ? null : "(admitted)",
            }.OfType<string>()),
        _ => throw new InvalidOperationException($"No such answer: {answer.GetType().Name}."),
    };

    private static string Of(OperationResult result) => result switch
    {
        OperationResult.Found found => $"found {string.Join(", ", found.Entries.Select(entry => entry is { } e ? Of(e) : "none"))}",
        OperationResult.Scanned scanned =>
            $"scanned {(scanned.Entries.IsEmpty ? "nothing" : string.Join(", ", scanned.Entries.Select(Of)))}{(scanned.Continuation is { } next ? $", go on at {next.Replace("\u0001", "+")}" : "")}",
        OperationResult.Done => "done",
        OperationResult.Inserted inserted => inserted.WasAbsent ? "inserted" : "was there",
        _ => throw new InvalidOperationException($"No such result: {result.GetType().Name}."),
    };

    private static string Of(Entry entry) => $"{entry.Key}={entry.Value}{(entry.CommitTimestamp == default ? "" : Name.Of(entry.CommitTimestamp))}";

    private static string Of(ShardFrame frame) => frame switch
    {
        ShardFrame.Enlist enlist => $"enlist {Name.Of(enlist.Id)} at {enlist.Owner.Generation}",
        ShardFrame.Voted { Vote.IsYes: true } voted =>
            $"vote {Name.Of(voted.Id)} at {voted.Owner.Generation}: yes {Name.Of(voted.Vote.PrepareTimestamp)} to {Name.Of(voted.Vote.ValidUntil)}",
        ShardFrame.Voted voted => $"vote {Name.Of(voted.Id)} at {voted.Owner.Generation}: no {voted.Vote.Reason}",
        ShardFrame.OnePhaseEnded ended => $"one-phase {Name.Of(ended.Id)}: {Of(ended.Outcome)}",
        ShardFrame.Applied applied => $"applied {Name.Of(applied.Id)}",
        ShardFrame.InDoubt doubt => $"in doubt {Name.Of(doubt.Id)} of {Of(doubt.Home)}",
        ShardFrame.Dropped dropped => $"dropped {Name.Of(dropped.Id)}: {dropped.Reason}",
        ShardFrame.Resolved resolved => $"resolved {Name.Of(resolved.Id)}: {resolved.Resolution.Kind}"
            + (resolved.Resolution.Kind == ShardResolutionKind.Committed ? $" {Name.Of(resolved.Resolution.CommitTimestamp)}" : ""),
        _ => throw new InvalidOperationException($"No such frame: {frame.GetType().Name}."),
    };

    private static string Of(Outcome outcome) =>
        outcome.IsCommitted ? $"committed {Name.Of(outcome.CommitTimestamp)}" : $"aborted {outcome.Reason}";

    private static string Of(VersionQuery query) => query switch
    {
        VersionQuery.Records records => $"{string.Join(", ", records.Keys)} {Name.Of(query.At)}",
        VersionQuery.Range range => $"{range.Keys.ToString().Replace("\u0001", "+")} limit {range.Limit} {Name.Of(query.At)}",
        _ => throw new InvalidOperationException($"No such query: {query.GetType().Name}."),
    };

    private static string Of(PersistItem item) => item switch
    {
        PersistItem.Prepare prepare => $"vote {Name.Of(prepare.Id)} {Name.Of(prepare.Row.PrepareTimestamp)} {Of(prepare.Row.Writes)}",
        PersistItem.OnePhase commit => $"commit {Name.Of(commit.Id)} {Name.Of(commit.CommitTimestamp)} {Of(commit.Writes)}",
        PersistItem.Tombstone tombstone => $"tombstone {Name.Of(tombstone.Id)}",
        _ => throw new InvalidOperationException($"No such item: {item.GetType().Name}."),
    };

    private static string Of(IEnumerable<RecordWrite> writes) =>
        string.Join(", ", writes.Select(write => $"{write.Record}={write.Value?.ToString() ?? "gone"}"));

    private static string Of(ApplyItem item) =>
        item.CommitTimestamp is { } commitTimestamp ? $"{Name.Of(item.Id)} {Name.Of(commitTimestamp)}" : $"{Name.Of(item.Id)} gone";
}
