using System.Runtime.InteropServices;

namespace Transactions.Histories;

/// <summary>The transactions and keys of a history, indexed.</summary>
internal sealed class TransactionTable
{
    private readonly Dictionary<string, KeyHistory> _byName = [];
    private readonly List<KeyHistory> _keys = [];

    private readonly History _history;

    private TransactionTable(History history)
    {
        _history = history;
        Pair();
        foreach (Transaction transaction in Transactions)
        {
            AddOperations(transaction);
        }

        Sorted = [.. _keys];
        Array.Sort(Sorted, (a, b) => KeyOrder.Instance.Compare(a.Name, b.Name));
    }

    /// <summary>By beginning.</summary>
    public List<Transaction> Transactions { get; } = [];

    /// <summary>The beginnings and acknowledgements in the order of real time.</summary>
    public List<Moment> Moments { get; } = [];

    /// <summary>By first mention.</summary>
    public IReadOnlyList<KeyHistory> Keys => _keys;

    /// <summary>By key.</summary>
    public KeyHistory[] Sorted { get; }

    public static TransactionTable Of(History history) => new(history);

    public KeyHistory Key(string name) => _byName[name];

    /// <summary>The index of the event at a place.</summary>
    public long EventIndex(int place) => _history.Events[place].Index;

    /// <summary>All keys of a range, by key.</summary>
    public ReadOnlySpan<KeyHistory> InRange(string start, string? end)
    {
        int from = LowerBound(start);
        int to = end is null ? Sorted.Length : LowerBound(end);
        return from < to ? Sorted.AsSpan(from, to - from) : default;
    }

    private int LowerBound(string name)
    {
        int low = 0;
        int high = Sorted.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = KeyOrder.Instance.Compare(Sorted[middle].Name, name) < 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void Pair()
    {
        Dictionary<int, Transaction> open = [];
        for (int at = 0; at < _history.Events.Length; at++)
        {
            HistoryEvent e = _history.Events[at];
            if (e.Type == EventType.Invoke)
            {
                Transaction begun = new(Transactions.Count, e, at);
                Transactions.Add(begun);
                open[e.Process] = begun;
                Moments.Add(new Moment(begun, IsBeginning: true));
            }
            else if (open.Remove(e.Process, out Transaction? ended))
            {
                ended.Complete(e, at);
                if (e.Type == EventType.Ok)
                {
                    Moments.Add(new Moment(ended, IsBeginning: false));
                }
            }
        }
    }

    private void AddOperations(Transaction transaction)
    {
        foreach (Operation operation in transaction.Operations)
        {
            switch (operation.Kind)
            {
                case OperationKind.Append:
                    AddAppend(transaction, Intern(operation.Key), operation.Value!.Value);
                    break;
                case OperationKind.Write:
                    AddWrite(transaction, Intern(operation.Key), operation.Value);
                    break;
                case OperationKind.Read:
                    SetKind(Intern(operation.Key), operation.Value is not null, !operation.Elements.IsDefaultOrEmpty);
                    break;
                case OperationKind.Scan:
                    foreach (ScanEntry entry in operation.Entries.IsDefault ? [] : operation.Entries)
                    {
                        SetKind(Intern(entry.Key), entry.Value is not null, !entry.Elements.IsDefaultOrEmpty);
                    }

                    break;
                case OperationKind.Unspecified:
                    break;
            }
        }
    }

    private static void SetKind(KeyHistory key, bool isRegister, bool isList)
    {
        if (isRegister)
        {
            key.MustBeRegister();
        }

        if (isList)
        {
            key.MustBeList();
        }
    }

    private static void AddAppend(Transaction transaction, KeyHistory key, long element)
    {
        key.MustBeList();
        KeyWrite write = new(transaction, key, element);
        if (!key.ByValue.TryAdd(element, write))
        {
            throw new HistoryFormatException(
                $"Element {element} is appended to {key.Name} by {key.ByValue[element].By} and by {transaction}: reads can't tell which they see.");
        }

        Add(write);
    }

    private static void AddWrite(Transaction transaction, KeyHistory key, long? value)
    {
        key.MustBeRegister();
        KeyWrite write = new(transaction, key, value);
        if (value is { } known)
        {
            ref KeyWrite? first = ref CollectionsMarshal.GetValueRefOrAddDefault(key.ByValue, known, out _);
            write.SameValue = first;
            first = write;
        }
        else if (transaction.MayHaveCommitted)
        {
            key.Deletions.Add(write);
        }

        Add(write);
    }

    // A key's writes of one transaction stand together, since transactions are added one after another.
    private static void Add(KeyWrite write)
    {
        if (write.Key.Writes is [.., { } before] && before.By == write.By)
        {
            before.IsLast = false;
        }

        write.Key.Writes.Add(write);
        write.By.Writes.Add(write);
    }

    private KeyHistory Intern(string name)
    {
        ref KeyHistory? key = ref CollectionsMarshal.GetValueRefOrAddDefault(_byName, name, out bool isKnown);
        if (!isKnown)
        {
            key = new KeyHistory(_keys.Count, name);
            _keys.Add(key);
        }

        return key!;
    }
}
