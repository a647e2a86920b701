using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>What a client's workers do: transactions under locks, and read-only ones at a timestamp.</summary>
/// <remarks>To add one: implement this, name it in <see cref="Workload"/>, and make it in <see cref="Workloads"/>.</remarks>
internal interface IWorkload
{
    /// <summary>Picks what the next transaction does; it is done again from the start when the transaction must be.</summary>
    Func<SimTransaction, Task> Pick();

    /// <summary>Reads something at the timestamp that the snapshot has, or gives up.</summary>
    Task Read(SimSnapshot snapshot);

    /// <summary>An operation that its transaction would do no harm with, and that nobody counts.</summary>
    (ShardId Shard, Operation Operation) Stray(SimTransaction transaction);

    /// <summary>What is written before the run begins.</summary>
    IEnumerable<(ShardId Shard, Operation Operation)> Opening();
}
