using NodaTime;

namespace Transactions.Participant;

/// <summary>What a person tunes on a shard. Checked at start.</summary>
public sealed record ShardOptions
{
    /// <summary>How long a lease lasts. 100 ms to 10 min; default 10 s. A successor of a killed owner waits as long.</summary>
    public Duration LeaseDuration { get; init; } = Duration.FromSeconds(10);

    /// <summary>How often the lease is renewed and the visible timestamp published. At most half the lease; default 1 s.</summary>
    public Duration RenewInterval { get; init; } = Duration.FromSeconds(1);

    /// <summary>How long a prepared writer waits for word before it asks (D3), and between asks. 10 ms to 1 min; default 1 s.</summary>
    public Duration InDoubtInterval { get; init; } = Duration.FromSeconds(1);

    /// <summary>How long a failed storage step waits before it is tried again. 1 ms to 1 min; default 200 ms.</summary>
    public Duration RetryInterval { get; init; } = Duration.FromMilliseconds(200);

    /// <summary>How long versions are kept for reads of the past. 1 s to 3,650 days; default 7 days.</summary>
    public Duration HistoryRetention { get; init; } = Duration.FromDays(7);

    /// <summary>How often old versions and outcomes are pruned. 1 s to 1 day; default 1 min.</summary>
    public Duration PruneInterval { get; init; } = Duration.FromMinutes(1);

    /// <summary>How many transactions may be open on the shard. 1 to 1,000,000; default 50,000.</summary>
    public int MaxOpenTransactions { get; init; } = 50_000;

    /// <summary>How many operations one transaction may have on the shard. 1 to 1,000,000; default 10,000.</summary>
    public int MaxOperationsPerTransaction { get; init; } = 10_000;

    /// <summary>How many keys one transaction may write on the shard. 1 to 1,000,000; default 5,000.</summary>
    public int MaxWritesPerTransaction { get; init; } = 5_000;

    /// <summary>How many bytes of values and stored replies one transaction may hold on the shard. 1,024 to 1 GiB; default 64 MiB.</summary>
    public int MaxBytesPerTransaction { get; init; } = 64 << 20;

    /// <summary>How long a key may be, in bytes of UTF-8. 1 to 2,048; default 1,024.</summary>
    public int MaxKeyBytes { get; init; } = 1_024;

    /// <summary>How large a value may be, in bytes. 1 to 64 MiB; default 1 MiB.</summary>
    public int MaxValueBytes { get; init; } = 1 << 20;

    /// <summary>How deep a value may nest. 1 to 1,000; default 128.</summary>
    public int MaxValueDepth { get; init; } = 128;

    /// <summary>How many keys one Get may name. 1 to 100,000; default 1,000.</summary>
    public int MaxKeysPerGet { get; init; } = 1_000;

    /// <summary>How many records one Scan may answer. 1 to 100,000; default 1,000.</summary>
    public int MaxScanLimit { get; init; } = 1_000;

    /// <summary>
    /// How many bytes of records one reply may have; a scan is cut there, other replies are refused. From the largest record
    /// (MaxKeyBytes + MaxValueBytes + 1,024) to 128 MiB; default 3 MiB, below the 4 MiB that gRPC's clients take unless told otherwise.
    /// </summary>
    public int MaxReplyBytes { get; init; } = 3 << 20;

    /// <summary>How many operations and reads may wait on the shard. 1 to 1,000,000; default 100,000.</summary>
    public int MaxWaiting { get; init; } = 100_000;

    /// <summary>How many transactions go into one PostgreSQL commit. 1 to 4,096; default 256.</summary>
    public int MaxBatch { get; init; } = 256;

    /// <summary>How many bytes of keys and values go into one PostgreSQL commit; a larger transaction goes alone. 1 KiB to 1 GiB; default 16 MiB.</summary>
    public int MaxBatchBytes { get; init; } = 16 << 20;

    /// <summary>How many votes, one-phase commits and tombstones may wait for PostgreSQL. 1 to 1,000,000; default 50,000.</summary>
    public int MaxQueuedPersists { get; init; } = 50_000;

    /// <summary>Checks every range.</summary>
    /// <exception cref="ArgumentException">A value lies outside its range; the message names it, the range and the remedy.</exception>
    public void Validate()
    {
        Check(LeaseDuration, Duration.FromMilliseconds(100), Duration.FromMinutes(10), nameof(LeaseDuration));
        Check(RenewInterval, Duration.FromMilliseconds(10), LeaseDuration / 2, nameof(RenewInterval));
        Check(InDoubtInterval, Duration.FromMilliseconds(10), Duration.FromMinutes(1), nameof(InDoubtInterval));
        Check(RetryInterval, Duration.FromMilliseconds(1), Duration.FromMinutes(1), nameof(RetryInterval));
        Check(HistoryRetention, Duration.FromSeconds(1), Duration.FromDays(3_650), nameof(HistoryRetention));
        Check(PruneInterval, Duration.FromSeconds(1), Duration.FromDays(1), nameof(PruneInterval));
        Check(MaxOpenTransactions, 1, 1_000_000, nameof(MaxOpenTransactions));
        Check(MaxOperationsPerTransaction, 1, 1_000_000, nameof(MaxOperationsPerTransaction));
        Check(MaxWritesPerTransaction, 1, 1_000_000, nameof(MaxWritesPerTransaction));
        Check(MaxBytesPerTransaction, 1_024, 1 << 30, nameof(MaxBytesPerTransaction));
        Check(MaxKeyBytes, 1, 2_048, nameof(MaxKeyBytes));
        Check(MaxValueBytes, 1, 64 << 20, nameof(MaxValueBytes));
        Check(MaxReplyBytes, MaxKeyBytes + MaxValueBytes + 1_024, 128 << 20, nameof(MaxReplyBytes));
        Check(MaxValueDepth, 1, 1_000, nameof(MaxValueDepth));
        Check(MaxKeysPerGet, 1, 100_000, nameof(MaxKeysPerGet));
        Check(MaxScanLimit, 1, 100_000, nameof(MaxScanLimit));
        Check(MaxWaiting, 1, 1_000_000, nameof(MaxWaiting));
        Check(MaxBatch, 1, 4_096, nameof(MaxBatch));
        Check(MaxBatchBytes, 1_024, 1 << 30, nameof(MaxBatchBytes));
        Check(MaxQueuedPersists, 1, 1_000_000, nameof(MaxQueuedPersists));
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
