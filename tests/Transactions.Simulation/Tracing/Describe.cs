using System.Collections.Immutable;
using System.Globalization;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>Puts what happens into short words, for the trace.</summary>
internal static class Describe
{
    /// <summary>Short, and still most likely the only one of its run.</summary>
    public static string Id(TransactionId id) => $"t{id.Value.ToString("N")[^6..]}";

    public static string Any(object? about) => about switch
    {
        null => "",
        string text => text,
        CoordinatorEvent e => Event(e),
        CoordinatorEffect effect => Effect(effect),
        ShardEvent e => Event(e),
        ShardEffect effect => Effect(effect),
        ValueTuple<string, CoordinatorEffect.Record, StorageFault, RecordResult> log =>
            $"{log.Item1}: {Any(log.Item2)} [{log.Item3}] {log.Item4.GetType().Name}",
        ValueTuple<string, ShardEffect, StorageFault, object?> write =>
            $"{write.Item1}: {Any(write.Item2)} [{write.Item3}] {Result(write.Item4)}",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => about.ToString() ?? "",
    };

    private static string Event(CoordinatorEvent e) => e switch
    {
        CoordinatorEvent.Commit commit =>
            $"Commit {Id(commit.Context.Id)} of {commit.Context.Coordinator} naming {Shards(commit.Shards)} {commit.Key}",
        CoordinatorEvent.Resolve resolve =>
            $"Resolve {Id(resolve.Context.Id)} of {resolve.Context.Coordinator} naming {Shards(resolve.Shards)} {resolve.Key}",
        CoordinatorEvent.Abort abort => $"Abort {Id(abort.Context.Id)}",
        CoordinatorEvent.Begin begin => $"Begin by {begin.Client}",
        CoordinatorEvent.Heartbeat heartbeat => $"Heartbeat {Ids(heartbeat.Ids)}",
        CoordinatorEvent.FrameReceived received => $"{received.Link.Value}: {Frame(received.Frame)}",
        CoordinatorEvent.Recorded recorded => $"Recorded {recorded.Batch}: {Result(recorded.Result)}",
        CoordinatorEvent.DecisionRead read => $"DecisionRead {read.Request}: {Row(read.Lookup?.ById)} / {Row(read.Lookup?.ByKey)}",
        CoordinatorEvent.UnappliedFound found => $"UnappliedFound {found.Decisions?.Length}",
        _ => e.ToString()!,
    };

    private static string Effect(CoordinatorEffect effect) => effect switch
    {
        CoordinatorEffect.Answer { Reply: CoordinatorAnswer.Ended ended } answer =>
            $"Answer {answer.Call.Value}: {Id(ended.Id)} {ended.Outcome}",
        CoordinatorEffect.Answer { Reply: CoordinatorAnswer.Refused refused } answer =>
            $"Answer {answer.Call.Value}: refused, {refused.Refusal.Reason}",
        CoordinatorEffect.Answer { Reply: CoordinatorAnswer.HeartbeatSeen seen } answer =>
            $"Answer {answer.Call.Value}: lost {string.Join(", ", seen.Lost.Select(l => $"{Id(l.Id)} {l.Reason}"))}",
        CoordinatorEffect.Answer { Reply: CoordinatorAnswer.Begun begun } answer => $"Answer {answer.Call.Value}: begun {Id(begun.Context.Id)}",
        CoordinatorEffect.Send send => $"{send.Link.Value}, {send.Shard}: {Frame(send.Frame)}",
        CoordinatorEffect.Record record => $"Record {record.Batch}: {string.Join(", ", record.Decisions.Select(Row))}",
        CoordinatorEffect.Read read => $"Read {read.Request}: {(read.Id is { } id ? Id(id) : "")} {read.Key}",
        CoordinatorEffect.MarkApplied mark =>
            $"MarkApplied {mark.Batch}: {string.Join(", ", mark.Applied.Select(a => $"{Id(a.Id)} {a.Shard}"))}",
        CoordinatorEffect.Notify { Notice: CoordinatorNotice.Decided decided } => $"Decided {Id(decided.Id)} {decided.Outcome}",
        CoordinatorEffect.Notify notify => notify.Notice.ToString()!,
        _ => effect.ToString()!,
    };

    private static string Event(ShardEvent e) => e switch
    {
        ShardEvent.OperationReceived received => $"{Id(received.Context.Id)} {received.Number.Sequence}: {Words(received.Operation)}",
        ShardEvent.SnapshotReadReceived received => $"read at {received.ReadTimestamp}: {received.Query.GetType().Name}",
        ShardEvent.FrameReceived received => $"{received.From}: {Frame(received.Frame)}",
        ShardEvent.Persisted persisted => $"Persisted {persisted.Batch}: {Result(persisted.Result)}",
        ShardEvent.Reconciled reconciled => $"Reconciled {reconciled.Request}: epoch {reconciled.Result?.Epoch}",
        ShardEvent.Loaded loaded => $"Loaded {loaded.State?.Prepared.Length} prepared",
        ShardEvent.OutcomeRead read => $"OutcomeRead {read.Request}: {read.Succeeded} {read.Outcome}",
        _ => e.ToString()!,
    };

    private static string Effect(ShardEffect effect) => effect switch
    {
        ShardEffect.Answer { Reply: ShardAnswer.Admitted admitted } answer => $"Answer {answer.Call.Value}: {admitted.Owner} {Result(admitted.Result)}",
        ShardEffect.Answer { Reply: ShardAnswer.Read read } answer => $"Answer {answer.Call.Value}: at {read.ReadTimestamp} {Result(read.Result)}",
        ShardEffect.Answer { Reply: ShardAnswer.Refused refused } answer =>
            $"Answer {answer.Call.Value}: refused, {refused.Refusal.Reason} {refused.Refusal.AbortReason}",
        ShardEffect.Send send => $"{send.To}: {Frame(send.Frame)}",
        ShardEffect.Persist persist =>
            $"Persist {persist.Batch} {persist.Fence.Generation}.{persist.Fence.Epoch}: {string.Join(", ", persist.Items.Select(Item))}",
        ShardEffect.Apply apply =>
            $"Apply {apply.Batch} {apply.Fence.Generation}.{apply.Fence.Epoch}: "
            + string.Join(", ", apply.Items.Select(i => $"{Id(i.Id)} {(i.CommitTimestamp is { } at ? $"at {at}" : "dropped")}")),
        ShardEffect.Reconcile reconcile => $"Reconcile {reconcile.Request} {reconcile.Generation}.{reconcile.Epoch}: {Ids(reconcile.Doubtful)}",
        ShardEffect.ReadOutcome read => $"ReadOutcome {read.Request}: {Id(read.Id)}",
        ShardEffect.Notify { Notice: ShardNotice.Ended ended } => $"Ended {Id(ended.Id)} {ended.Outcome}",
        ShardEffect.Notify { Notice: ShardNotice.Wounded wounded } => $"Wounded {Id(wounded.Victim)} by {Id(wounded.By)}: {wounded.Lock}",
        ShardEffect.Notify { Notice: ShardNotice.InDoubt doubt } => $"InDoubt {Id(doubt.Id)} of {doubt.Home}",
        ShardEffect.Notify notify => notify.Notice.ToString()!,
        _ => effect.ToString()!,
    };

    private static string Frame(ShardFrame frame) => frame switch
    {
        ShardFrame.Enlist enlist => $"Enlist {Id(enlist.Id)} {enlist.Owner}",
        ShardFrame.Voted voted => $"Voted {Id(voted.Id)} {voted.Owner} {voted.Vote}",
        ShardFrame.OnePhaseEnded ended => $"OnePhaseEnded {Id(ended.Id)} {ended.Owner} {ended.Outcome}",
        ShardFrame.Applied applied => $"Applied {Id(applied.Id)} {applied.Owner}",
        ShardFrame.InDoubt doubt => $"InDoubt {Id(doubt.Id)} {doubt.Owner} of {doubt.Home}",
        ShardFrame.Dropped dropped => $"Dropped {Id(dropped.Id)} {dropped.Owner} {dropped.Reason}",
        ShardFrame.Resolved resolved =>
            $"Resolved {Id(resolved.Id)} {resolved.Owner} {resolved.Resolution.Kind} {resolved.Resolution.CommitTimestamp}",
        _ => frame.ToString()!,
    };

    private static string Frame(CoordinatorFrame frame) => frame switch
    {
        CoordinatorFrame.Prepare prepare =>
            $"Prepare {Id(prepare.Id)} @{prepare.Generation} floor {prepare.Floor} wrote {prepare.Wrote} operations {prepare.Operations}",
        CoordinatorFrame.CommitOnePhase commit =>
            $"CommitOnePhase {Id(commit.Id)} @{commit.Generation} floor {commit.Floor} operations {commit.Operations}",
        CoordinatorFrame.Ended ended => $"Ended {Id(ended.Id)} {ended.Outcome}",
        CoordinatorFrame.Pending pending => $"Pending {Id(pending.Id)}",
        CoordinatorFrame.ResolveOnePhase resolve => $"ResolveOnePhase {Id(resolve.Id)}",
        _ => frame.ToString()!,
    };

    private static string Item(PersistItem item) => item switch
    {
        PersistItem.Prepare prepare => $"vote {Id(item.Id)} [{prepare.Row.PrepareTimestamp}, {prepare.Row.ValidUntil}]",
        PersistItem.OnePhase onePhase => $"one-phase {Id(item.Id)} at {onePhase.CommitTimestamp}",
        PersistItem.Tombstone => $"tombstone {Id(item.Id)}",
        _ => item.ToString()!,
    };

    private static string Words(Operation operation) => operation switch
    {
        Operation.Get get => $"Get {get.Collection}/{string.Join(",", get.Keys)}{(get.ForUpdate ? " for update" : "")}",
        Operation.Put put => $"Put {put.Record} {put.Value}",
        Operation.InsertIfAbsent insert => $"Insert {insert.Record}",
        Operation.Delete delete => $"Delete {delete.Record}",
        Operation.Scan scan => $"Scan {scan.Range} {scan.Limit}",
        _ => operation.ToString()!,
    };

    private static string Result(object? result) => result switch
    {
        null => "nothing",
        OperationResult.Found found => $"found {string.Join(", ", found.Entries.Select(e => e is { } f ? $"{f.Key}={f.Value}@{f.CommitTimestamp}" : "none"))}",
        OperationResult.Scanned scanned => $"scanned {string.Join(", ", scanned.Entries.Select(e => $"{e.Key}@{e.CommitTimestamp}"))} to {scanned.Continuation}",
        RecordResult.Committed committed => $"committed {string.Join(", ", committed.Contents.Select(Content))}",
        PersistResult.Committed committed => $"committed {string.Join(", ", committed.Register)}",
        ReconcileResult reconciled => $"epoch {reconciled.Epoch}",
        _ => result.ToString() ?? "",
    };

    private static string Content(RegisterContent content) => content switch
    {
        RegisterContent.ById byId => Row(byId.Decision),
        RegisterContent.ByKey byKey => $"by key {Row(byKey.Holder)}",
        _ => content.ToString()!,
    };

    private static string Row(Decision? row) => row is null ? "none" : $"{Id(row.Id)} {row.Outcome} {row.Key}";

    private static string Ids(ImmutableArray<TransactionId> ids) => string.Join(", ", ids.Select(Id));

    private static string Shards(ImmutableArray<CommitShard> shards) =>
        string.Join(", ", shards.Select(s => $"{s.Owner} {(s.Wrote ? "w" : "r")}{s.Operations}"));
}
