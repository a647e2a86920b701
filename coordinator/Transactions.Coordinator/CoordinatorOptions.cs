using NodaTime;

namespace Transactions.Coordinator;

/// <summary>What a person tunes on a coordinator's machine. Checked at start.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>How long votes are waited for before the transaction is aborted. 10 ms to 1 min; default 5 s.</summary>
    public Duration VoteTimeout { get; init; } = Duration.FromSeconds(5);

    /// <summary>How long a transaction may go without heartbeat. 100 ms to 10 min; default 15 s.</summary>
    public Duration HeartbeatTimeout { get; init; } = Duration.FromSeconds(15);

    /// <summary>
    /// How long an unanswered outcome or one-phase commit waits before it is sent again; each repeat waits twice as long as the one
    /// before, up to sixteen times as long as the first. 10 ms to 1 min; default 1 s.
    /// </summary>
    public Duration ResendInterval { get; init; } = Duration.FromSeconds(1);

    /// <summary>How often the log is searched for commits that lack an Applied. 10 ms to 1 h; default 10 s.</summary>
    public Duration RecoveryInterval { get; init; } = Duration.FromSeconds(10);

    /// <summary>How often old decisions are pruned. 1 s to 1 day; default 1 min.</summary>
    public Duration PruneInterval { get; init; } = Duration.FromMinutes(1);

    /// <summary>How many transactions may be open. 1 to 1,000,000; default 100,000.</summary>
    public int MaxOpenTransactions { get; init; } = 100_000;

    /// <summary>
    /// How many ended transactions are remembered, each until its deadline is past on every clock (X5): at least the
    /// expected transactions a second times the longest lifetime. 1 to 100,000,000; default 2,000,000.
    /// </summary>
    public int MaxRememberedTransactions { get; init; } = 2_000_000;

    /// <summary>How many shards a transaction may name. 1 to 1,024; default 128.</summary>
    public int MaxShards { get; init; } = 128;

    /// <summary>How many decisions go into one PostgreSQL commit. 1 to 4,096; default 512.</summary>
    public int MaxBatch { get; init; } = 512;

    /// <summary>How many decisions may wait for the log before Commits are refused. 1 to 1,000,000; default 50,000.</summary>
    public int MaxQueuedDecisions { get; init; } = 50_000;

    /// <summary>How large a stored result may be, in bytes. 0 to 1,048,576; default 65,536.</summary>
    public int MaxResultBytes { get; init; } = 65_536;

    /// <summary>
    /// The least time between two notes in the log of what writers have applied, unless one is full. Nobody waits for them; a
    /// decision stays in memory that much longer. 1 ms to 10 s; default 100 ms.
    /// </summary>
    public Duration MarkInterval { get; init; } = Duration.FromMilliseconds(100);

    /// <summary>How often a decision is tried again after the log refused it for a passing reason. 1 ms to 1 min; default 100 ms.</summary>
    public Duration RetryInterval { get; init; } = Duration.FromMilliseconds(100);

    /// <summary>Checks every range.</summary>
    /// <exception cref="ArgumentException">A value lies outside its range; the message names it, the range and the remedy.</exception>
    public void Validate()
    {
        Check(VoteTimeout, Duration.FromMilliseconds(10), Duration.FromMinutes(1), nameof(VoteTimeout));
        Check(HeartbeatTimeout, Duration.FromMilliseconds(100), Duration.FromMinutes(10), nameof(HeartbeatTimeout));
        Check(ResendInterval, Duration.FromMilliseconds(10), Duration.FromMinutes(1), nameof(ResendInterval));
        Check(RecoveryInterval, Duration.FromMilliseconds(10), Duration.FromHours(1), nameof(RecoveryInterval));
        Check(PruneInterval, Duration.FromSeconds(1), Duration.FromDays(1), nameof(PruneInterval));
        Check(MarkInterval, Duration.FromMilliseconds(1), Duration.FromSeconds(10), nameof(MarkInterval));
        Check(RetryInterval, Duration.FromMilliseconds(1), Duration.FromMinutes(1), nameof(RetryInterval));
        Check(MaxOpenTransactions, 1, 1_000_000, nameof(MaxOpenTransactions));
        Check(MaxRememberedTransactions, 1, 100_000_000, nameof(MaxRememberedTransactions));
        Check(MaxShards, 1, 1_024, nameof(MaxShards));
        Check(MaxBatch, 1, 4_096, nameof(MaxBatch));
        Check(MaxQueuedDecisions, 1, 1_000_000, nameof(MaxQueuedDecisions));
        Check(MaxResultBytes, 0, 1_048_576, nameof(MaxResultBytes));
    }

    private static void Check<T>(T value, T least, T most, string name)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentException($"{name} is {value}; set it to at least {least} and at most {most}.");
        }
    }
}
