using Transactions.Model;
using Transactions.Participant;
using Done = Transactions.Histories.Operation;
using Operation = Transactions.Participant.Operation;

namespace Transactions.Simulation;

/// <summary>One transaction as the history gets it: what it tried to write, what it did, and whether its end was told.</summary>
internal sealed class RecordedTransaction(SimHistory history, int process)
{
    private readonly List<Done> _tried = [];
    private readonly List<Done> _done = [];

    public int Process => process;

    /// <summary>Once true, nobody but the protocol knows whether it commits.</summary>
    public bool IsCommitSent { get; set; }

    public bool IsEnded { get; private set; }

    public IReadOnlyList<Done> Done => _done;

    public IReadOnlyList<Done> Tried => _tried;

    /// <summary>An operation is about to be sent.</summary>
    public void Try(ShardId shard, Operation operation) => history.Words.AddTried(_tried, shard, operation);

    /// <summary>An operation was admitted.</summary>
    public void Do(ShardId shard, Operation operation, OperationResult result) =>
        history.Words.AddDone(_done, shard, operation, result);

    /// <summary>A snapshot read was answered.</summary>
    public void Read(ShardId shard, SnapshotQuery query, OperationResult result) =>
        history.Words.AddRead(_done, shard, query, result);

    /// <summary>Its end is told, once; later words of it change nothing.</summary>
    public bool TryEnd()
    {
        bool isFirst = !IsEnded;
        IsEnded = true;
        return isFirst;
    }
}
