using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests;

/// <summary>A machine with a clock that a test sets, for tests that look at single answers.</summary>
public sealed class MachineHarness
{
    public static readonly Timestamp Start = Timestamp.FromInstant(Instant.FromUtc(2026, 1, 1, 0, 0));

    private int _ids;
    private long _calls;

    public MachineHarness(CoordinatorOptions? options = null)
        : this(options, Mutation.None)
    {
    }

    internal MachineHarness(CoordinatorOptions? options, Mutation mutation)
    {
        Machine = new(Self, ProtocolLimits.Default, options ?? new()) { Mutation = mutation };
        Handle(new CoordinatorEvent.TimePassed());
        Handle(new CoordinatorEvent.UnappliedFound([]));
    }

    public static CoordinatorId Self { get; } = new("a", new Incarnation(1));

    public static ShardGeneration Orders { get; } = new(ShardId.Parse("orders/0"), new Generation(1));

    public static ShardGeneration Payments { get; } = new(ShardId.Parse("payments/0"), new Generation(1));

    public CoordinatorMachine Machine { get; }

    public Timestamp Now { get; set; } = Start;

    public Duration Uncertainty { get; set; } = Duration.FromMilliseconds(1);

    public bool IsHealthy { get; set; } = true;

    public ClockReading Reading => IsHealthy
        ? ClockReading.Healthy(Now, ClockInterval.Around(Now, Uncertainty), Now.Microseconds - Start.Microseconds)
        : ClockReading.Unhealthy(
            Now, ClockHealth.Unhealthy(ClockUnhealthyReason.Stale, "Scripted."), Now.Microseconds - Start.Microseconds);

    public CallId NextCall() => new(++_calls);

    public TransactionContext NewTransaction(Duration? lifetime = null, Timestamp? issuedAt = null)
    {
        TransactionId id = TransactionId.Create(issuedAt ?? Now, [.. new byte[8], (byte)(++_ids >> 8), (byte)_ids]);
        return new(id, Now, id.IssuedAt.Plus(lifetime ?? Duration.FromSeconds(30)), Self, "alice");
    }

    public IReadOnlyList<CoordinatorEffect> Handle(CoordinatorEvent e)
    {
        Machine.Handle(e, Reading);
        return Machine.TakeEffects();
    }

    public void Connect(ShardGeneration owner, long link = 1) =>
        Handle(new CoordinatorEvent.ShardConnected(new LinkId(link), owner, "http://localhost"));

    public IReadOnlyList<CoordinatorEffect> Commit(
        TransactionContext context, CommitShard[] shards, IdempotencyKey? key = null, ReadOnlyMemory<byte>? result = null) =>
        Handle(new CoordinatorEvent.Commit(NextCall(), context, [.. shards], key, result));

    public Refusal RefusalOf(CoordinatorEvent e) =>
        Assert.IsType<CoordinatorAnswer.Refused>(Assert.Single(Handle(e).OfType<CoordinatorEffect.Answer>()).Reply).Refusal;

    public Refusal RefusalOfCommit(
        TransactionContext context, CommitShard[] shards, IdempotencyKey? key = null, ReadOnlyMemory<byte>? result = null)
    {
        int open = Machine.OpenTransactions;
        Refusal refusal = RefusalOf(new CoordinatorEvent.Commit(NextCall(), context, [.. shards], key, result));

        // Section 7: a refusal changes nothing.
        Assert.Equal(open, Machine.OpenTransactions);
        return refusal;
    }

    public static CommitShard Wrote(ShardGeneration owner, int operations = 1) => new(owner, true, operations);

    public static CommitShard Read(ShardGeneration owner, int operations = 1) => new(owner, false, operations);
}
