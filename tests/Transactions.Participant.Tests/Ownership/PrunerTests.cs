using NodaTime;
using Transactions.Clocks;
using Xunit;

namespace Transactions.Participant.Tests;

public sealed class PrunerTests
{
    // A short history beside a long time between renewals: what is visible in memory runs ahead of what is published.
    private readonly ShardRig _rig = new ShardRig(new ShardOptions
    {
        LeaseDuration = Duration.FromMinutes(1),
        RenewInterval = Duration.FromSeconds(30),
        HistoryRetention = Duration.FromSeconds(1),
        PruneInterval = Duration.FromSeconds(1),
    }).Serve();

    [Fact]
    [Trait("Rule", "S4")]
    public void TimePassed_WhileNothingMoreIsPublished_PrunesNothingThatViewsRead()
    {
        Timestamp published = _rig.Store.Row.VisibleUpto;
        _rig.Wait(Duration.FromSeconds(10));

        Assert.True(_rig.Take<ShardEffect.Prune>().HistoryHorizon <= published);
    }

    [Fact]
    [Trait("Rule", "S4")]
    public void TimePassed_AfterARenewalWasAcknowledged_PrunesBelowWhatThatPublished()
    {
        _rig.Wait(Duration.FromSeconds(31));
        ShardEffect.Renew renew = _rig.Take<ShardEffect.Renew>();
        _rig.Take<ShardEffect.Prune>();
        _rig.Handle(new ShardEvent.Pruned(WriteResult.Committed));

        // Asked for, and perhaps never written.
        Timestamp before = _rig.Store.Row.VisibleUpto;
        _rig.Wait(Duration.FromSeconds(2));
        Assert.True(_rig.Take<ShardEffect.Prune>().HistoryHorizon <= before);
        _rig.Handle(new ShardEvent.Pruned(WriteResult.Committed));

        _rig.Handle(new ShardEvent.Renewed(_rig.Store.Renew(renew)));
        _rig.Wait(Duration.FromSeconds(2));
        Timestamp horizon = _rig.Take<ShardEffect.Prune>().HistoryHorizon;
        Assert.True(horizon > before);
        Assert.True(horizon <= renew.VisibleUpto);
    }
}
