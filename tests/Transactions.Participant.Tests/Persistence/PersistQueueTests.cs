using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

[Trait("Rule", "X7")]
public sealed class PersistQueueTests
{
    [Fact]
    public void SendNext_MoreThanABatch_SendsOneBatchAtATime()
    {
        ShardRig rig = Prepared(new ShardOptions { MaxBatch = 3 }, count: 8);

        Assert.Single(rig.Unanswered.OfType<ShardEffect.Persist>());
        Assert.Single(rig.Answer<ShardEffect.Persist>().OfType<ShardEffect.Persist>(), persist => persist.Items.Length == 3);
        Assert.Single(rig.Answer<ShardEffect.Persist>().OfType<ShardEffect.Persist>(), persist => persist.Items.Length == 3);
        Assert.Single(rig.Answer<ShardEffect.Persist>().OfType<ShardEffect.Persist>(), persist => persist.Items.Length == 1);
        rig.Answer<ShardEffect.Persist>();

        Assert.Equal(8, rig.Frames<ShardFrame.Voted>().Count(voted => voted.Vote.IsYes));
        Assert.Equal(0, rig.Machine.QueuedPersists);
    }

    [Fact]
    public void Enqueue_Full_VotesNo()
    {
        // One is under way, two wait.
        ShardRig rig = Prepared(new ShardOptions { MaxQueuedPersists = 2 }, count: 4);

        ShardFrame.Voted refused = Assert.Single(rig.Frames<ShardFrame.Voted>());
        Assert.Equal(AbortReason.Overloaded, refused.Vote.Reason);
        Assert.Equal(3, rig.Machine.QueuedPersists);
    }

    [Fact]
    public void Handle_BatchRefused_EachGoesAloneAndOnlyTheFaultyFails()
    {
        ShardRig rig = Prepared(new ShardOptions(), count: 5);
        rig.Answer<ShardEffect.Persist>();
        ShardEffect.Persist batch = rig.Take<ShardEffect.Persist>();
        TransactionId faulty = batch.Items[1].Id;

        rig.Handle(new ShardEvent.Persisted(batch.Batch, new PersistResult.RolledBack(IsTransient: false, "refused")));
        for (int i = 0; i < 4; i++)
        {
            ShardEffect.Persist single = rig.Take<ShardEffect.Persist>();
            PersistItem item = Assert.Single(single.Items);
            rig.Handle(item.Id == faulty
                ? new ShardEvent.Persisted(single.Batch, new PersistResult.RolledBack(IsTransient: false, "refused"))
                : rig.AnswerTo(single));
        }

        Assert.Empty(rig.Unanswered.OfType<ShardEffect.Persist>());
        Assert.Equal(4, rig.Frames<ShardFrame.Voted>().Count(voted => voted.Vote.IsYes));
        Assert.Equal(
            (faulty, AbortReason.StorageRefused), rig.Frames<ShardFrame.Voted>().Where(voted => !voted.Vote.IsYes).Select(v => (v.Id, v.Vote.Reason)).Single());
    }

    [Fact]
    public void SendNext_MoreBytesThanABatch_SendsWhatFitsAndALargerOneAlone()
    {
        // Each value has 600 bytes, the third one 2,000; with its key each writes three bytes more.
        ShardRig rig = Prepared(new ShardOptions { MaxBatchBytes = 1_206 }, count: 6, bytes: name => name == "c" ? 2_000 : 600);

        Assert.Equal([1, 1, 1, 2, 1], AnswerAll(rig).Select(persist => persist.Items.Length));
        Assert.Equal(6, rig.Frames<ShardFrame.Voted>().Count(voted => voted.Vote.IsYes));
    }

    [Fact]
    public void SendNext_ExactlyAsManyBytesAsABatch_SendsThemTogether()
    {
        ShardRig rig = Prepared(new ShardOptions { MaxBatchBytes = 1_208 }, count: 3, bytes: _ => 601);

        Assert.Equal([1, 2], AnswerAll(rig).Select(persist => persist.Items.Length));
    }

    [Fact]
    public void Handle_BatchFailsAgainAndAgain_EachGoesAloneAndTheFaultyOneHoldsUpNobody()
    {
        ShardRig rig = Prepared(new ShardOptions { MaxBatch = 4 }, count: 7);
        rig.Answer<ShardEffect.Persist>();
        TransactionId faulty = Name.Transaction("b").Id;

        List<int> tries = [];
        for (int i = 0; i < 12; i++)
        {
            foreach (ShardEffect.Persist persist in rig.Unanswered.OfType<ShardEffect.Persist>().ToList())
            {
                tries.Add(persist.Items.Length);
                rig.Unanswered.Remove(persist);
                rig.Handle(persist.Items.Any(item => item.Id == faulty)
                    ? new ShardEvent.Persisted(persist.Batch, new PersistResult.RolledBack(IsTransient: true, "57014: timeout"))
                    : rig.AnswerTo(persist));
            }

            rig.Wait(Duration.FromMilliseconds(200));
        }

        // Twice together, then b alone, which lets all others go before it; c, d and e alone too; the rest as ever.
        Assert.Equal([4, 4, 1, 1, 1, 1, 2, 1], tries.Take(8));
        Assert.Equal(6, rig.Frames<ShardFrame.Voted>().Count(voted => voted.Vote.IsYes));

        // And when it is well again it goes too.
        rig.Answer<ShardEffect.Persist>();
        Assert.Contains(rig.Frames<ShardFrame.Voted>(), voted => voted.Id == faulty && voted.Vote.IsYes);
    }

    [Fact]
    public void Handle_SingleFailsOnce_StaysSingle()
    {
        // All of the batch goes singly by now; the first of them meets a deadlock, and goes last.
        ShardRig rig = Prepared(new ShardOptions(), count: 4);
        rig.Answer<ShardEffect.Persist>();
        rig.Handle(new ShardEvent.Persisted(
            rig.Take<ShardEffect.Persist>().Batch, new PersistResult.RolledBack(IsTransient: false, "refused")));
        ShardEffect.Persist first = rig.Take<ShardEffect.Persist>();
        rig.Handle(new ShardEvent.Persisted(first.Batch, new PersistResult.RolledBack(IsTransient: true, "40P01: deadlock")));
        Prepare(rig, from: 4, count: 2);
        rig.Wait(Duration.FromMilliseconds(200));

        List<ShardEffect.Persist> rest = AnswerAll(rig);

        Assert.Equal([1, 1, 1, 2], rest.Select(persist => persist.Items.Length));
        Assert.Equal(first.Items[0].Id, rest[2].Items[0].Id);
        Assert.Equal(6, rig.Frames<ShardFrame.Voted>().Count(voted => voted.Vote.IsYes));
    }

    [Fact]
    public void Handle_BatchFailsOnce_IsTriedWhole()
    {
        ShardRig rig = Prepared(new ShardOptions(), count: 5);
        rig.Answer<ShardEffect.Persist>();

        rig.Handle(new ShardEvent.Persisted(
            rig.Take<ShardEffect.Persist>().Batch, new PersistResult.RolledBack(IsTransient: true, "40P01: deadlock")));
        rig.Wait(Duration.FromMilliseconds(200));

        Assert.Equal(4, rig.Take<ShardEffect.Persist>().Items.Length);
    }

    [Fact]
    public void Handle_AnswerToAnotherBatch_IsIgnored()
    {
        ShardRig rig = Prepared(new ShardOptions(), count: 1);
        ShardEffect.Persist batch = rig.Take<ShardEffect.Persist>();

        rig.Handle(new ShardEvent.Persisted(batch.Batch - 1, new PersistResult.Committed([null])));
        Assert.Empty(rig.Frames<ShardFrame.Voted>());
        rig.Handle(rig.AnswerTo(batch));
        rig.Handle(new ShardEvent.Persisted(batch.Batch, new PersistResult.Committed([null])));

        Assert.Single(rig.Frames<ShardFrame.Voted>());
    }

    [Fact]
    [Trait("Rule", "L6")]
    public void TakeEffects_SteadyWork_DoesNotPutReconcilingOff()
    {
        ShardRig rig = Prepared(new ShardOptions { MaxBatch = 1 }, count: 6);
        rig.Answer<ShardEffect.Persist>();
        TransactionContext first = Name.Transaction("a");
        rig.Handle(Frame(new CoordinatorFrame.Ended(first.Id, Outcome.Committed(rig.Frames<ShardFrame.Voted>().Single().Vote.PrepareTimestamp))));

        rig.Handle(new ShardEvent.Applied(rig.Take<ShardEffect.Apply>().Batch, WriteResult.Ambiguous));

        // The persist under way is waited for; then the reconciling comes before all that is queued.
        Assert.Empty(rig.Unanswered.OfType<ShardEffect.Reconcile>());
        rig.Answer<ShardEffect.Persist>();
        Assert.Empty(rig.Unanswered.OfType<ShardEffect.Persist>());
        ShardEffect.Reconcile reconcile = Assert.Single(rig.Unanswered.OfType<ShardEffect.Reconcile>());
        Assert.Equal([first.Id], reconcile.Doubtful);

        // While it is under way nothing goes with the old epoch.
        rig.Wait(Duration.FromMilliseconds(1));
        Assert.Empty(rig.Unanswered.OfType<ShardEffect.Persist>());
        rig.Answer<ShardEffect.Reconcile>();
        rig.AnswerAll();
        Assert.Equal(OwnershipPhase.Serving, rig.Machine.Phase);
        Assert.Equal(6, rig.Frames<ShardFrame.Voted>().Count(voted => voted.Vote.IsYes));
    }

    // Transactions a, b, … each write a key of their own and are asked for their votes.
    private static ShardRig Prepared(ShardOptions options, int count, Func<string, int>? bytes = null)
    {
        ShardRig rig = new ShardRig(options).Serve();
        Prepare(rig, from: 0, count, bytes);
        return rig;
    }

    private static void Prepare(ShardRig rig, int from, int count, Func<string, int>? bytes = null)
    {
        for (int i = from; i < from + count; i++)
        {
            string name = ((char)('a' + i)).ToString();
            rig.Handle(new ShardEvent.OperationReceived(
                new CallId(i), Name.Transaction(name), new OperationNumber(1, 1), Name.Put($"t/{name}", Json(bytes?.Invoke(name) ?? 1))));
            rig.Handle(Frame(new CoordinatorFrame.Prepare(
                Name.Transaction(name).Id, rig.Machine.Owner.Generation, rig.Clock.Read().Latest, Wrote: true, Operations: 1)));
        }
    }

    private static string Json(int bytes) => bytes == 1 ? "1" : $"\"{new string('x', bytes - 2)}\"";

    // Answers one batch after the other, and tells of each.
    private static List<ShardEffect.Persist> AnswerAll(ShardRig rig)
    {
        List<ShardEffect.Persist> batches = [];
        while (rig.Unanswered.OfType<ShardEffect.Persist>().FirstOrDefault() is { } next)
        {
            batches.Add(next);
            rig.Answer<ShardEffect.Persist>();
        }

        return batches;
    }

    private static ShardEvent.FrameReceived Frame(CoordinatorFrame frame) => new(Name.Coordinator("c1"), frame);
}
