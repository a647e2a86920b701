using System.Collections.Concurrent;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Links;

// Which links are open. The machine knows them by their ids only, which are never used again.
internal sealed class ParticipantLinks
{
    private readonly ConcurrentDictionary<LinkId, IParticipantLink> _open = new();
    private long _last;
    private volatile bool _areClosed;

    public int Count => _open.Count;

    public LinkId Add(IParticipantLink link)
    {
        LinkId id = new(Interlocked.Increment(ref _last));
        _open[id] = link;
        if (_areClosed)
        {
            link.Close();
        }

        return id;
    }

    public void Remove(LinkId id) => _open.TryRemove(id, out _);

    // A link that is gone lost what was on its way, and so does this.
    public void Send(LinkId id, ShardId shard, CoordinatorFrame frame)
    {
        if (_open.TryGetValue(id, out IParticipantLink? link))
        {
            link.Send(shard, frame);
        }
    }

    public void CloseAll()
    {
        _areClosed = true;
        foreach (IParticipantLink link in _open.Values)
        {
            link.Close();
        }
    }
}
