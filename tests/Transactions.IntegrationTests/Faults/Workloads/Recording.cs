using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Transactions.Client;
using Transactions.Histories;
using Transactions.Model;

namespace Transactions.IntegrationTests.Faults;

/// <summary>Runs transactions and writes down what their clients were told. Thread-safe.</summary>
internal sealed class Recording
{
    private const int RunsOfOneKey = 5;
    private static readonly TimeSpan LongestSnapshot = TimeSpan.FromSeconds(10);

    private readonly HistoryRecorder _recorder = new();
    private int _processes;
    private int _ok;
    private int _failed;
    private int _inDoubt;

    /// <summary>What clients threw that they don't say they throw.</summary>
    public ConcurrentQueue<string> Unexpected { get; } = [];

    /// <summary>What was in doubt, with its writes; not what was run again under its key.</summary>
    public ConcurrentQueue<(TransactionId Id, ImmutableArray<Operation> Tried)> Doubts { get; } = [];

    public int Ok => Volatile.Read(ref _ok);

    public int Failed => Volatile.Read(ref _failed);

    public int InDoubt => Volatile.Read(ref _inDoubt);

    public History ToHistory() => _recorder.ToHistory();

    /// <summary>A process of the history; it has one transaction at a time.</summary>
    public RecordedProcess NewProcess() => new(Interlocked.Increment(ref _processes));

    /// <summary>Runs a transaction.</summary>
    /// <typeparam name="T">What the body found; under an idempotency key it is what the committed run had found.</typeparam>
    /// <param name="process">Who.</param>
    /// <param name="client">Whose client.</param>
    /// <param name="planned">What is known of it beforehand.</param>
    /// <param name="body">Does it; what it is going to write stands in its argument before it is written.</param>
    /// <param name="told">What was done, from what the body found.</param>
    /// <param name="options">The run's options.</param>
    /// <param name="cancellationToken">The client gives up.</param>
    /// <returns>Whether it committed.</returns>
    public async Task<bool> RunAsync<T>(
        RecordedProcess process,
        TransactionClient client,
        ImmutableArray<Operation> planned,
        Func<List<Operation>, Task<T>> body,
        Func<T, ImmutableArray<Operation>> told,
        RunOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        List<Operation> tried = [];
        bool isInDoubt = false;
        _recorder.Invoke(process.Number, Now(), planned);
        for (int run = 1; ; run++)
        {
            try
            {
                RunResult<T> result = await client.RunAsync(
                    _ =>
                    {
                        tried = [];
                        return body(tried);
                    },
                    options,
                    cancellationToken);
                _recorder.Ok(process.Number, Now(), told(result.Value), result.CommitTimestamp.Value);
                Interlocked.Increment(ref _ok);
                return true;
            }
            catch (TransactionInDoubtException doubt)
            {
                isInDoubt = true;
                if (options?.IdempotencyKey is null)
                {
                    Doubts.Enqueue((doubt.TransactionId, Writes(tried)));
                }
                else if (run < RunsOfOneKey)
                {
                    // D6: under its key running it again is harmless.
                    continue;
                }
            }
            catch (Exception e) when (e is TransactionAbortedException or TransactionRefusedException
                || (e is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                // That this run is aborted says nothing of the one in doubt before it.
                if (!isInDoubt)
                {
                    Interlocked.Increment(ref _failed);
                    _recorder.Fail(process.Number, Now(), Writes(tried));
                    return false;
                }
            }
            catch (Exception e)
            {
                Unexpected.Enqueue(e.ToString());
            }

            break;
        }

        // What is in doubt may still happen: whoever goes on is somebody else.
        Interlocked.Increment(ref _inDoubt);
        _recorder.Info(process.Number, Now(), Writes(tried));
        process.Number = Interlocked.Increment(ref _processes);
        return false;
    }

    /// <summary>Reads at a snapshot.</summary>
    public async Task<bool> ReadAsync(
        RecordedProcess process,
        TransactionClient client,
        SnapshotOptions at,
        Func<Snapshot, CancellationToken, Task<ImmutableArray<Operation>>> read)
    {
        using CancellationTokenSource limit = new(LongestSnapshot, TimeProvider.System);
        _recorder.Invoke(process.Number, Now());
        try
        {
            Snapshot snapshot = await client.SnapshotAsync(at, limit.Token);
            ImmutableArray<Operation> done = await read(snapshot, limit.Token);
            _recorder.OkSnapshot(process.Number, Now(), done, snapshot.ReadTimestamp.Value, isStale: at != SnapshotOptions.Strong);
            Interlocked.Increment(ref _ok);
            return true;
        }
        catch (Exception e) when (e is TransactionRefusedException || (e is OperationCanceledException && limit.IsCancellationRequested))
        {
            Interlocked.Increment(ref _failed);
        }
        catch (Exception e)
        {
            Unexpected.Enqueue(e.ToString());
        }

        _recorder.Fail(process.Number, Now());
        return false;
    }

    private static ImmutableArray<Operation> Writes(List<Operation> tried) => [.. tried.Where(operation => operation.IsWrite)];

    private static long Now() => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
}
