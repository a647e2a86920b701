using System.Diagnostics.CodeAnalysis;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Owners;

// Which stream leads to which shard's owner. Of two owners the later generation counts (generation clock).
internal sealed class ShardDirectory(Workspace work)
{
    private readonly SortedDictionary<ShardId, ConnectedShard> _connected = [];
    private readonly Dictionary<ShardId, Generation> _latest = [];

    public IReadOnlyCollection<ConnectedShard> Connected => _connected.Values;

    // False when a later owner was here: this one just doesn't know yet that it lost the shard.
    public bool Connect(ConnectedShard shard)
    {
        ShardId id = shard.Owner.Shard;
        if (_latest.TryGetValue(id, out Generation latest) && shard.Owner.Generation < latest)
        {
            return false;
        }

        _latest[id] = shard.Owner.Generation;
        _connected[id] = shard;
        return true;
    }

    public void Leave(LinkId link, ShardGeneration owner)
    {
        if (TryFind(owner.Shard, out ConnectedShard? found) && found.Link == link && found.Owner == owner)
        {
            _connected.Remove(owner.Shard);
        }
    }

    public void Lose(LinkId link)
    {
        foreach (ConnectedShard shard in _connected.Values.Where(s => s.Link == link).ToArray())
        {
            _connected.Remove(shard.Owner.Shard);
        }
    }

    public bool TryFind(ShardId shard, [NotNullWhen(true)] out ConnectedShard? found) => _connected.TryGetValue(shard, out found);

    // To whoever owns the shard now. False when nobody that owns it is connected.
    public bool Send(ShardId shard, CoordinatorFrame frame)
    {
        if (!TryFind(shard, out ConnectedShard? found))
        {
            return false;
        }

        work.Emit(new CoordinatorEffect.Send(found.Link, shard, frame));
        return true;
    }

    // To the owner of a generation, or of a later one: an earlier one can't know, or answer, what is asked.
    public bool SendFrom(ShardGeneration atLeast, CoordinatorFrame frame) =>
        TryFind(atLeast.Shard, out ConnectedShard? found)
        && found.Owner.Generation >= atLeast.Generation
        && Send(atLeast.Shard, frame);
}
