using Transactions.Model;

namespace Transactions.Simulation;

// X5: what has ended somewhere never begins there again.
internal sealed partial class Observer
{
    private readonly HashSet<(string Shard, int Life, TransactionId Id)> _endedAt = [];
    private readonly HashSet<(CoordinatorId Coordinator, TransactionId Id)> _endedBy = [];

    private void EndedAt(SimShard shard, TransactionId id) => _endedAt.Add((shard.Name, shard.Life, id));

    private void EndedBy(SimCoordinator coordinator, TransactionId id) => _endedBy.Add((coordinator.Id, id));

    private void CheckIsNoZombie(SimShard shard, TransactionId id)
    {
        if (_endedAt.Contains((shard.Name, shard.Life, id)))
        {
            world.Fail("X5", $"{shard.Name} admitted an operation of {Describe.Id(id)}, which had ended there");
        }
    }

    private void CheckIsNoZombie(SimCoordinator coordinator, TransactionId id)
    {
        if (_endedBy.Contains((coordinator.Id, id)))
        {
            world.Fail("X5", $"{coordinator.Name} asks for the votes of {Describe.Id(id)}, which it had ended");
        }
    }
}
