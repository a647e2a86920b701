using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Runs admitted operations: takes their locks, reads under them, buffers their writes, stores their replies (X2, X4).</summary>
internal sealed class OperationRunner(ShardCore core, ShardLease lease, LockTable locks, VersionReader versions)
{
    /// <summary>Starts an operation that was just admitted.</summary>
    public void Start(PendingOperation operation)
    {
        operation.Transaction.OperationsUnderWay++;
        operation.Transaction.WritesUnderWay += operation.Operation.Writes ? 1 : 0;
        Lock(operation);
        if (operation.LocksWaitedFor == 0 && operation.Answer is null)
        {
            Run(operation);
        }
    }

    /// <summary>Goes on with the operations whose last lock was granted.</summary>
    public void ResumeGranted()
    {
        while (locks.TryTakeGranted(out LockRequest? granted))
        {
            PendingOperation operation = granted!.Operation!;
            operation.LocksWaitedFor--;
            if (operation.LocksWaitedFor == 0 && operation.Answer is null)
            {
                Run(operation);
            }
        }
    }

    /// <summary>Answers an operation, and keeps the reply for repeats.</summary>
    public void Finish(PendingOperation operation, ShardAnswer answer)
    {
        if (operation.Answer is not null)
        {
            return;
        }

        operation.Answer = answer;
        operation.Transaction.OperationsUnderWay--;
        operation.Transaction.WritesUnderWay -= operation.Operation.Writes ? 1 : 0;
        operation.Transaction.HeldBytes += SizeOf(answer);
        foreach (CallId call in operation.Calls)
        {
            core.Answer(call, answer);
        }

        operation.Calls.Clear();
    }

    private void Lock(PendingOperation operation)
    {
        switch (operation.Operation)
        {
            case Operation.Get get:
                LockMode mode = get.ForUpdate ? LockMode.Exclusive : LockMode.Shared;
                foreach (string key in get.Keys.Distinct(StringComparer.Ordinal).Order(Utf8Order.Instance))
                {
                    LockKey(operation, mode, new RecordKey(get.Collection, key));
                }

                break;

            case Operation.Put put:
                LockKey(operation, LockMode.Exclusive, put.Record);
                break;

            case Operation.InsertIfAbsent insert:
                LockKey(operation, LockMode.Exclusive, insert.Record);
                break;

            case Operation.Delete delete:
                LockKey(operation, LockMode.Exclusive, delete.Record);
                break;

            case Operation.Scan scan when core.Mutation != Mutation.NoRangeLocks:
                operation.LocksWaitedFor++;
                operation.RangeLock = locks.LockRange(operation.Transaction, scan.Range, operation);
                break;

            case Operation.Scan:
                break;

            default:
                throw new InvalidOperationException($"No such operation: {operation.Operation.GetType().Name}.");
        }
    }

    private void LockKey(PendingOperation operation, LockMode mode, RecordKey record)
    {
        // Asking for an earlier lock may have ended the transaction (an upgrade that an older waiter stood behind).
        if (operation.Answer is null)
        {
            operation.LocksWaitedFor += locks.LockKey(operation.Transaction, mode, record, operation) is null ? 0 : 1;
        }
    }

    private void Run(PendingOperation operation)
    {
        if (WasRefused(operation))
        {
            return;
        }

        ShardTransaction transaction = operation.Transaction;
        switch (operation.Operation)
        {
            case Operation.Get get:
                ReadRecords(operation, [.. get.Keys.Select(key => new RecordKey(get.Collection, key))], found =>
                    Succeed(operation, new OperationResult.Found(found), wrote: false));
                break;

            case Operation.Put put:
                transaction.Write(put.Record, put.Value);
                Succeed(operation, OperationResult.Done.Instance, wrote: true);
                break;

            case Operation.Delete delete:
                transaction.Write(delete.Record, null);
                Succeed(operation, OperationResult.Done.Instance, wrote: true);
                break;

            case Operation.InsertIfAbsent insert:
                ReadRecords(operation, [insert.Record], found =>
                {
                    bool isAbsent = found[0] is null;
                    if (isAbsent)
                    {
                        transaction.Write(insert.Record, insert.Value);
                    }

                    Succeed(operation, new OperationResult.Inserted(isAbsent), wrote: isAbsent);
                });
                break;

            case Operation.Scan scan:
                ReadRange(operation, scan);
                break;

            default:
                throw new InvalidOperationException($"No such operation: {operation.Operation.GetType().Name}.");
        }
    }

    private void ReadRecords(PendingOperation operation, ImmutableArray<RecordKey> records, Action<ImmutableArray<Entry?>> then)
    {
        ShardTransaction transaction = operation.Transaction;
        ImmutableArray<RecordKey> unwritten = [.. records.Where(record => !transaction.Writes(record)).Distinct()];
        if (unwritten.IsEmpty)
        {
            then([.. records.Select(OwnWrite)]);
            return;
        }

        versions.ReadRecords(Timestamp.MaxValue, unwritten, (found, failure) =>
        {
            if (operation.Answer is not null || WasRefused(operation))
            {
                return;
            }

            if (failure is not null)
            {
                Fail(operation, failure);
                return;
            }

            foreach (RecordVersion version in found.Values)
            {
                transaction.GreatestVersionRead = Timestamp.Max(transaction.GreatestVersionRead, version.CommitTimestamp);
            }

            then([.. records.Select(record => transaction.Writes(record) ? OwnWrite(record) : SnapshotReader.ToEntry(found, record))]);
        });

        Entry? OwnWrite(RecordKey record) =>
            transaction.TryGetWrite(record, out Document? value) && value is { } written ? new Entry(record.Key, written, default) : null;
    }

    private void ReadRange(PendingOperation operation, Operation.Scan scan) => versions.ReadRange(
        Timestamp.MaxValue,
        scan.Range,
        scan.Limit,
        operation.Transaction,
        () => operation.Answer is null,
        (scanned, failure) =>
        {
            if (operation.Answer is not null || WasRefused(operation))
            {
                return;
            }

            if (failure is not null)
            {
                Fail(operation, failure);
                return;
            }

            foreach (Entry entry in scanned!.Entries)
            {
                operation.Transaction.GreatestVersionRead =
                    Timestamp.Max(operation.Transaction.GreatestVersionRead, entry.CommitTimestamp);
            }

            if (scanned.Continuation is { } end && operation.RangeLock is { } held)
            {
                locks.ShrinkRange(held, scan.Range with { To = end });
            }

            Succeed(operation, scanned, wrote: false);
        });

    // X4: the lease may have ended since it was admitted, while it waited for locks or PostgreSQL. A successor may have written
    // since, so that nothing is told of what was read, nor is anything written. The reply is stored and counts (X2).
    private bool WasRefused(PendingOperation operation)
    {
        Refusal? refusal = core.Clock.IsHealthy
            ? lease.RefusalPastLease()
            : Refusal.Unavailable(RefusalReason.ClockUnhealthy, core.Clock.Health.Message);
        if (refusal is not null)
        {
            Finish(operation, new ShardAnswer.Refused(refusal, Owner(operation)));
        }

        return refusal is not null;
    }

    // X2: admitted it was, so that a reply that is too large counts, and is repeated, as a refusal.
    private void Succeed(PendingOperation operation, OperationResult result, bool wrote) =>
        Finish(operation, ReplySize.FindRefusal(result, core.Options) is { } tooLarge
            ? new ShardAnswer.Refused(tooLarge, Owner(operation))
            : new ShardAnswer.Admitted(Owner(operation), result, wrote));

    private void Fail(PendingOperation operation, ReadFailure failure) => Finish(operation, new ShardAnswer.Refused(
        Refusal.Unavailable(
            RefusalReason.StorageUnavailable,
            $"Shard {core.Id} can't read from PostgreSQL ({failure.Message}); try again under a new operation number."),
        Owner(operation)));

    private ShardGeneration Owner(PendingOperation operation) => new(core.Id, operation.Transaction.Generation);

    private static long SizeOf(ShardAnswer answer) => answer is ShardAnswer.Admitted admitted
        ? admitted.Result switch
        {
            OperationResult.Found found => found.Entries.Sum(entry => entry?.Value.Length ?? 0),
            OperationResult.Scanned scanned => scanned.Entries.Sum(entry => entry.Value.Length),
            _ => 0,
        }
        : 0;
}
