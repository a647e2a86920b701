using System.Collections.Immutable;
using NodaTime;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>What an owner does about writes that got no clear answer (L6), case by case.</summary>
[Trait("Rule", "L6")]
public sealed class ReconcilerTests
{
    private readonly ShardRig _rig = new ShardRig().Serve();

    [Fact]
    public void Reconciled_VoteWasWritten_IsGivenAndNotWrittenAgain()
    {
        Prepare("a");
        ShardEffect.Persist persist = LosePersist(isWritten: true);

        ShardEffect.Reconcile reconcile = Assert.Single(_rig.Unanswered.OfType<ShardEffect.Reconcile>());
        Assert.Equal([persist.Items[0].Id], reconcile.Doubtful);
        Assert.Empty(_rig.Frames<ShardFrame.Voted>());
        _rig.Answer<ShardEffect.Reconcile>();

        Assert.True(Assert.Single(_rig.Frames<ShardFrame.Voted>()).Vote.IsYes);
        Assert.Empty(_rig.Unanswered.OfType<ShardEffect.Persist>());
    }

    [Fact]
    public void Reconciled_VoteWasNotWritten_IsWrittenAgainUnderTheNewEpoch()
    {
        Prepare("a");
        ShardEffect.Persist lost = LosePersist(isWritten: false);
        _rig.Answer<ShardEffect.Reconcile>();

        ShardEffect.Persist again = Assert.Single(_rig.Unanswered.OfType<ShardEffect.Persist>());
        Assert.Equal(lost.Items.Select(item => item.Id), again.Items.Select(item => item.Id));
        Assert.Equal(lost.Fence with { Epoch = lost.Fence.Epoch + 1 }, again.Fence);

        // What was lost may arrive now: it finds another epoch.
        Assert.IsType<PersistResult.Fenced>(_rig.Store.Persist(lost));
        Assert.Empty(_rig.Frames<ShardFrame.Voted>());
        _rig.Answer<ShardEffect.Persist>();
        Assert.True(Assert.Single(_rig.Frames<ShardFrame.Voted>()).Vote.IsYes);
    }

    [Fact]
    public void Reconciled_SomeOfABatchWritten_EachIsSettledByItsOwn()
    {
        // One is under way alone; the others go together.
        Prepare("a");
        Prepare("b");
        Prepare("c");
        _rig.Answer<ShardEffect.Persist>();
        ShardEffect.Persist batch = _rig.Take<ShardEffect.Persist>();
        _rig.Handle(new ShardEvent.Persisted(batch.Batch, new PersistResult.Ambiguous("lost")));
        ShardEffect.Reconcile reconcile = _rig.Take<ShardEffect.Reconcile>();
        Assert.Equal([Id("b"), Id("c")], reconcile.Doubtful);

        // A register that says so is obeyed, whatever a commit of one batch should mean.
        _rig.Handle(new ShardEvent.Reconciled(reconcile.Request, new ReconcileResult(
            1, [Id("c")], ImmutableDictionary<TransactionId, Outcome>.Empty)));

        Assert.Equal([Id("a"), Id("c")], _rig.Frames<ShardFrame.Voted>().Select(voted => voted.Id));
        Assert.Equal([Id("b")], _rig.Take<ShardEffect.Persist>().Items.Select(item => item.Id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Rule", "X11")]
    public void Reconciled_OnePhaseCommit_TheRegisterSaysWhetherItGoesAgain(bool isWritten)
    {
        Put("a");
        _rig.Handle(Frame(new CoordinatorFrame.CommitOnePhase(
            Id("a"), _rig.Machine.Owner.Generation, _rig.Clock.Read().Latest, Wrote: true, Operations: 1)));
        LosePersist(isWritten);
        _rig.Answer<ShardEffect.Reconcile>();

        Assert.Equal(isWritten ? 0 : 1, _rig.Unanswered.OfType<ShardEffect.Persist>().Count());
        _rig.AnswerAll();
        _rig.Wait(Duration.FromMilliseconds(10));
        Assert.True(Assert.Single(_rig.Frames<ShardFrame.OnePhaseEnded>()).Outcome.IsCommitted);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public void Reconciled_TombstoneLostToACommit_AnswersTheCommit()
    {
        _rig.Handle(Frame(new CoordinatorFrame.ResolveOnePhase(Id("a"))));
        ShardEffect.Persist tombstone = _rig.Take<ShardEffect.Persist>();
        _rig.Store.SetOutcome(Id("a"), Outcome.Committed(Name.Start));
        _rig.Handle(new ShardEvent.Persisted(tombstone.Batch, new PersistResult.Ambiguous("lost")));
        _rig.Answer<ShardEffect.Reconcile>();

        Assert.Equal(ShardResolutionKind.Committed, Assert.Single(_rig.Frames<ShardFrame.Resolved>()).Resolution.Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Rule", "X10")]
    public void Reconciled_Apply_IsDoneOnceAndToldOnce(bool isWritten)
    {
        ShardEffect.Apply lost = LoseApply(isWritten);
        Assert.Empty(_rig.Frames<ShardFrame.Applied>());
        Assert.Equal([lost.Items[0].Id], Assert.Single(_rig.Unanswered.OfType<ShardEffect.Reconcile>()).Doubtful);
        _rig.Answer<ShardEffect.Reconcile>();

        Assert.Equal(isWritten ? 0 : 1, _rig.Unanswered.OfType<ShardEffect.Apply>().Count());
        _rig.AnswerAll();
        Assert.Equal(Id("a"), Assert.Single(_rig.Frames<ShardFrame.Applied>()).Id);
        Assert.Single(_rig.Store.Versions);
        Assert.True(_rig.Machine.IsQuiet);
    }

    [Fact]
    public void Reconciled_Failed_IsAskedAgainAfterAPause()
    {
        Prepare("a");
        LosePersist(isWritten: true);
        ShardEffect.Reconcile first = _rig.Take<ShardEffect.Reconcile>();
        _rig.Handle(new ShardEvent.Reconciled(first.Request, null));
        _rig.Wait(Duration.FromMilliseconds(199));
        Assert.Empty(_rig.Unanswered.OfType<ShardEffect.Reconcile>());

        _rig.Wait(Duration.FromMilliseconds(1));
        ShardEffect.Reconcile second = Assert.Single(_rig.Unanswered.OfType<ShardEffect.Reconcile>());
        Assert.Equal(first.Doubtful, second.Doubtful);

        // What the first one finds after all says nothing of now.
        _rig.Handle(_rig.AnswerTo(first));
        Assert.Empty(_rig.Frames<ShardFrame.Voted>());
        _rig.Answer<ShardEffect.Reconcile>();
        Assert.True(Assert.Single(_rig.Frames<ShardFrame.Voted>()).Vote.IsYes);
        Assert.Equal(2, _rig.Store.Row.Epoch);
    }

    [Fact]
    public void Reconciled_FailedOneRunsAfterALaterOne_FencesNothingAndIsNoAnswer()
    {
        Prepare("a");
        LosePersist(isWritten: false);
        ShardEffect.Reconcile first = _rig.Take<ShardEffect.Reconcile>();
        _rig.Handle(new ShardEvent.Reconciled(first.Request, null));
        _rig.Wait(Duration.FromMilliseconds(200));
        ShardEffect.Reconcile second = _rig.Take<ShardEffect.Reconcile>();
        Assert.True(second.Epoch > first.Epoch);
        _rig.Handle(_rig.AnswerTo(second));

        Assert.Null(_rig.Store.Reconcile(first));
        Assert.Equal(second.Epoch, _rig.Store.Row.Epoch);
        _rig.Answer<ShardEffect.Persist>();

        Assert.True(Assert.Single(_rig.Frames<ShardFrame.Voted>()).Vote.IsYes);
        Assert.Equal(OwnershipPhase.Serving, _rig.Machine.Phase);
    }

    [Fact]
    [Trait("Rule", "L2")]
    public void Reconciled_AnotherGeneration_LosesTheShardAndTellsNothing()
    {
        Prepare("a");
        LosePersist(isWritten: true);
        ShardEffect.Reconcile reconcile = _rig.Take<ShardEffect.Reconcile>();
        _rig.Usurp(Duration.FromSeconds(10));
        _rig.Handle(_rig.AnswerTo(reconcile));

        Assert.Equal(OwnershipPhase.Idle, _rig.Machine.Phase);
        Assert.Contains(_rig.Effects, effect => effect is ShardEffect.Disown);
        Assert.Empty(_rig.Frames<ShardFrame.Voted>());
        Assert.Equal(0, _rig.Machine.QueuedPersists);
    }

    [Fact]
    public void Reconciled_EpochNotRaised_BreaksTheInvariant()
    {
        Prepare("a");
        LosePersist(isWritten: true);
        ShardEffect.Reconcile reconcile = _rig.Take<ShardEffect.Reconcile>();

        Assert.Throws<BrokenInvariantException>(() => _rig.Handle(new ShardEvent.Reconciled(
            reconcile.Request, new ReconcileResult(0, [], ImmutableDictionary<TransactionId, Outcome>.Empty))));
    }

    [Fact]
    public void SendNext_AnotherBatchUnderWay_WaitsForItsAnswer()
    {
        Prepare("a");
        _rig.Answer<ShardEffect.Persist>();
        _rig.Handle(Frame(new CoordinatorFrame.Ended(
            Id("a"), Outcome.Committed(_rig.Frames<ShardFrame.Voted>().Single().Vote.PrepareTimestamp))));
        Prepare("b");
        _rig.Handle(new ShardEvent.Applied(_rig.Take<ShardEffect.Apply>().Batch, WriteResult.Ambiguous));
        Assert.Empty(_rig.Unanswered.OfType<ShardEffect.Reconcile>());

        // Its answer is lost too: both are looked for at once.
        LosePersist(isWritten: true);
        ShardEffect.Reconcile reconcile = Assert.Single(_rig.Unanswered.OfType<ShardEffect.Reconcile>());
        Assert.Equal([Id("b"), Id("a")], reconcile.Doubtful);
    }

    private static TransactionId Id(string name) => Name.Transaction(name).Id;

    private void Put(string name) => _rig.Handle(new ShardEvent.OperationReceived(
        new CallId(name[0]), Name.Transaction(name), new OperationNumber(1, 1), Name.Put($"t/{name}")));

    private void Prepare(string name)
    {
        Put(name);
        _rig.Handle(Frame(new CoordinatorFrame.Prepare(
            Id(name), _rig.Machine.Owner.Generation, _rig.Clock.Read().Latest, Wrote: true, Operations: 1)));
    }

    private ShardEffect.Persist LosePersist(bool isWritten)
    {
        ShardEffect.Persist persist = _rig.Take<ShardEffect.Persist>();
        if (isWritten)
        {
            _rig.Store.Persist(persist);
        }

        _rig.Handle(new ShardEvent.Persisted(persist.Batch, new PersistResult.Ambiguous("lost")));
        return persist;
    }

    private ShardEffect.Apply LoseApply(bool isWritten)
    {
        Prepare("a");
        _rig.Answer<ShardEffect.Persist>();
        _rig.Handle(Frame(new CoordinatorFrame.Ended(
            Id("a"), Outcome.Committed(_rig.Frames<ShardFrame.Voted>().Single().Vote.PrepareTimestamp))));
        ShardEffect.Apply apply = _rig.Take<ShardEffect.Apply>();
        if (isWritten)
        {
            _rig.Store.Apply(apply);
        }

        _rig.Handle(new ShardEvent.Applied(apply.Batch, WriteResult.Ambiguous));
        return apply;
    }

    private static ShardEvent.FrameReceived Frame(CoordinatorFrame frame) => new(Name.Coordinator("c1"), frame);
}
