using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant.Tests;

/// <summary>A lock table whose wounded transactions release at once; transaction <c>a</c> is the oldest.</summary>
internal sealed class LockRig
{
    private readonly Dictionary<string, ShardTransaction> _transactions = [];
    private readonly HashSet<LockRequest> _granted = [];

    public LockRig() => Table = new LockTable { Wound = Wound };

    public LockTable Table { get; }

    public List<string> Wounded { get; } = [];

    /// <summary>Requests that were granted, in order, as <c>b x</c>.</summary>
    public List<string> Granted { get; } = [];

    public IEnumerable<ShardTransaction> Transactions => _transactions.Values;

    public ShardTransaction this[string name]
    {
        get
        {
            if (!_transactions.TryGetValue(name, out ShardTransaction? transaction))
            {
                transaction = new ShardTransaction(Name.Transaction(name), new Generation(1));
                _transactions.Add(name, transaction);
            }

            return transaction;
        }
    }

    public LockRequest? Shared(string who, string key) => Lock(who, LockMode.Shared, key);

    public LockRequest? Exclusive(string who, string key) => Lock(who, LockMode.Exclusive, key);

    public LockRequest Range(string who, string from, string? to)
    {
        KeyRange range = new("t", from, to);
        LockRequest request = Table.LockRange(this[who], range, Operation(who, new Operation.Scan(range, 1)));
        TakeGranted();
        return request;
    }

    public void Shrink(LockRequest request, string to)
    {
        Table.ShrinkRange(request, request.Range with { To = to });
        TakeGranted();
    }

    public void Prepare(string who) => this[who].Status = TransactionStatus.Prepared;

    public void Release(string who)
    {
        this[who].Status = TransactionStatus.Ended;
        Table.ReleaseAll(this[who]);
        TakeGranted();
    }

    public bool Holds(LockRequest? request) => request is null || _granted.Contains(request);

    private LockRequest? Lock(string who, LockMode mode, string key)
    {
        RecordKey record = new("t", key);
        LockRequest? request = Table.LockKey(this[who], mode, record, Operation(who, new Operation.Get("t", [key], mode == LockMode.Exclusive)));
        TakeGranted();
        return request;
    }

    private PendingOperation Operation(string who, Operation operation) => new(this[who], new OperationNumber(1, 1), operation);

    private void TakeGranted()
    {
        while (Table.TryTakeGranted(out LockRequest? request))
        {
            if (request!.Transaction.Status != TransactionStatus.Ended)
            {
                _granted.Add(request);
                Granted.Add($"{Name.Of(request.Transaction.Id)} {(request.Mode == LockMode.Range ? request.Range.From : request.Record.Key)}");
            }
        }
    }

    private void Wound(ShardTransaction victim, ShardTransaction by, LockRequest over)
    {
        Invariant.Holds(victim.CanBeWounded, "only the unprepared are wounded");
        Invariant.Holds(by.Precedence.IsOlderThan(victim.Precedence), "only the older wound");
        Wounded.Add($"{Name.Of(victim.Id)} by {Name.Of(by.Id)}");
        victim.Status = TransactionStatus.Ended;
        Table.ReleaseAll(victim);
    }
}
