using System.Runtime.InteropServices;

namespace Transactions.Histories;

/// <summary>
/// Walks through each acknowledged transaction: what it saw of others' writes, and whether what it saw agrees with what it
/// had itself seen and done before (internal consistency).
/// </summary>
internal sealed class ReadCollector
{
    private readonly TransactionTable _table;
    private readonly AnomalyLog _log;
    private readonly View[] _views;
    private readonly int[] _mentioned;
    private int _scans;

    private ReadCollector(TransactionTable table, AnomalyLog log)
    {
        (_table, _log) = (table, log);
        _views = new View[table.Keys.Count];
        _mentioned = new int[table.Keys.Count];
    }

    public static void Collect(TransactionTable table, AnomalyLog log)
    {
        ReadCollector collector = new(table, log);
        foreach (Transaction transaction in table.Transactions)
        {
            if (transaction.IsOk)
            {
                collector.Walk(transaction);
            }
        }
    }

    private void Walk(Transaction transaction)
    {
        foreach (Operation operation in transaction.Operations)
        {
            switch (operation.Kind)
            {
                case OperationKind.Append:
                    View appended = ViewOf(transaction, _table.Key(operation.Key));
                    (appended.Own ??= []).Add(operation.Value!.Value);
                    break;
                case OperationKind.Write:
                    View written = ViewOf(transaction, _table.Key(operation.Key));
                    (written.HasWritten, written.Written) = (true, operation.Value);
                    break;
                case OperationKind.Read:
                    Observed seen = operation.Elements.IsDefaultOrEmpty
                        ? new Observed(operation.Value)
                        : new Observed(operation.Elements, operation.Elements.Length);
                    Read(transaction, _table.Key(operation.Key), seen, isPredicate: false, operation);
                    break;
                case OperationKind.Scan:
                    Scan(transaction, operation);
                    break;
                case OperationKind.Unspecified:
                    break;
            }
        }

        if (transaction.Reads.Count > 0)
        {
            LinkOwnWrites(transaction);
        }
    }

    private void LinkOwnWrites(Transaction transaction)
    {
        foreach (KeyWrite write in transaction.Writes)
        {
            if (ViewOf(transaction, write.Key).Read is { } read)
            {
                read.FirstOwn ??= write;
            }
        }
    }

    private void Scan(Transaction transaction, Operation scan)
    {
        int mark = ++_scans;
        foreach (ScanEntry entry in scan.Entries)
        {
            KeyHistory key = _table.Key(entry.Key);
            if (_mentioned[key.Id] == mark)
            {
                Tell(transaction, key, $"{scan} returned {key.Name} twice");
                continue;
            }

            _mentioned[key.Id] = mark;
            if (!KeyOrder.IsInRange(key.Name, scan.Key, scan.End))
            {
                Tell(transaction, key, $"{scan} returned {key.Name}, which isn't in its range");
            }

            Observed seen = entry.Value is { } value ? new Observed(value) : new Observed(entry.Elements, entry.Elements.Length);
            Read(transaction, key, seen, isPredicate: false, scan);
        }

        // What a scan doesn't return it has seen to be absent.
        foreach (KeyHistory key in _table.InRange(scan.Key, scan.End))
        {
            if (_mentioned[key.Id] != mark && key.Writes.Count > 0)
            {
                Read(transaction, key, Observed.Absent, isPredicate: true, scan);
            }
        }
    }

    private void Read(Transaction transaction, KeyHistory key, Observed seen, bool isPredicate, Operation operation)
    {
        View view = ViewOf(transaction, key);
        if (key.IsList)
        {
            if (view.Own is { } own)
            {
                int outside = seen.Length - own.Count;
                if (outside < 0 || !seen.Elements[outside..].SequenceEqual(CollectionsMarshal.AsSpan(own)))
                {
                    Tell(transaction, key, $"{operation} doesn't end with {transaction}'s own appends to {key.Name}: {string.Join(' ', own)}");
                    return;
                }

                seen = seen.First(outside);
            }
        }
        else if (view.HasWritten)
        {
            if (seen.Value != view.Written)
            {
                Tell(transaction, key, $"{operation} saw {seen} of {key.Name}, to which {transaction} had written {new Observed(view.Written)}");
            }

            return;
        }

        if (view.Read is not { } before)
        {
            view.Read = new ExternalRead(transaction, key, seen, isPredicate);
            transaction.Reads.Add(view.Read);
            key.Reads.Add(view.Read);
            return;
        }

        before.IsPredicate &= isPredicate;
        if (!before.Seen.Is(seen))
        {
            Tell(transaction, key, $"{operation} saw {seen} of {key.Name} written by others, and {transaction} had seen {before.Seen} before");
        }
    }

    private View ViewOf(Transaction transaction, KeyHistory key)
    {
        ref View? view = ref _views[key.Id]!;
        view ??= new View();
        if (view.Of != transaction)
        {
            view.Clear(transaction);
        }

        return view;
    }

    private void Tell(Transaction transaction, KeyHistory key, string why)
    {
        if (_log.Count(AnomalyKind.Internal))
        {
            _log.Tell(AnomalyKind.Internal, key, why, transaction);
        }
    }

    /// <summary>What the transaction under the eye knows of one key.</summary>
    private sealed class View
    {
        public Transaction? Of { get; private set; }

        public bool HasWritten { get; set; }

        public long? Written { get; set; }

        public List<long>? Own { get; set; }

        public ExternalRead? Read { get; set; }

        public void Clear(Transaction of)
        {
            (Of, HasWritten, Written, Own, Read) = (of, false, null, null, null);
        }
    }
}
