using NodaTime;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

[Trait("Rule", "X10")]
public sealed class ApplyQueueTests
{
    [Fact]
    public void SendNext_MoreBytesThanABatch_SendsWhatFitsAndALargerOneAlone()
    {
        ShardRig rig = Committed(new ShardOptions { MaxBatchBytes = 1_206 }, count: 6, bytes: name => name == "c" ? 2_000 : 600);

        List<int> batches = [];
        while (rig.Unanswered.OfType<ShardEffect.Apply>().FirstOrDefault() is { } apply)
        {
            batches.Add(apply.Items.Length);
            rig.Answer<ShardEffect.Apply>();
        }

        Assert.Equal([1, 1, 1, 2, 1], batches);
        Assert.True(rig.Machine.IsQuiet);
    }

    [Fact]
    public void Handle_BatchFailsOnce_IsTriedWhole()
    {
        ShardRig rig = Committed(new ShardOptions(), count: 5);
        rig.Answer<ShardEffect.Apply>();

        rig.Handle(new ShardEvent.Applied(rig.Take<ShardEffect.Apply>().Batch, WriteResult.RolledBack));
        rig.Wait(Duration.FromMilliseconds(200));

        Assert.Equal(4, rig.Take<ShardEffect.Apply>().Items.Length);
    }

    [Fact]
    public void Handle_BatchFailsAgainAndAgain_EachGoesAloneAndTheFaultyOneHoldsUpNobody()
    {
        ShardRig rig = Committed(new ShardOptions { MaxBatch = 4 }, count: 7);
        rig.Answer<ShardEffect.Apply>();
        TransactionId faulty = Name.Transaction("b").Id;

        List<int> tries = [];
        for (int i = 0; i < 12; i++)
        {
            foreach (ShardEffect.Apply apply in rig.Unanswered.OfType<ShardEffect.Apply>().ToList())
            {
                tries.Add(apply.Items.Length);
                rig.Unanswered.Remove(apply);
                rig.Handle(apply.Items.Any(item => item.Id == faulty)
                    ? new ShardEvent.Applied(apply.Batch, WriteResult.RolledBack)
                    : rig.AnswerTo(apply));
            }

            rig.Wait(Duration.FromMilliseconds(200));
        }

        Assert.Equal([4, 4, 1, 1, 1, 1, 2, 1], tries.Take(8));
        Assert.Equal(6, rig.Frames<ShardFrame.Applied>().Count());

        rig.Answer<ShardEffect.Apply>();
        Assert.Contains(rig.Frames<ShardFrame.Applied>(), applied => applied.Id == faulty);
        Assert.True(rig.Machine.IsQuiet);
    }

    // Transactions a, b, … each wrote a key of their own, and are told that they are committed; a's apply is under way.
    private static ShardRig Committed(ShardOptions options, int count, Func<string, int>? bytes = null)
    {
        ShardRig rig = new ShardRig(options).Serve();
        List<TransactionContext> transactions = [.. Enumerable.Range(0, count).Select(i => Name.Transaction(((char)('a' + i)).ToString()))];
        foreach (TransactionContext transaction in transactions)
        {
            string name = Name.Of(transaction.Id);
            int length = bytes?.Invoke(name) ?? 3;
            rig.Handle(new ShardEvent.OperationReceived(
                new CallId(name[0]), transaction, new OperationNumber(1, 1), Name.Put($"t/{name}", $"\"{new string('x', length - 2)}\"")));
            rig.Handle(Frame(new CoordinatorFrame.Prepare(
                transaction.Id, rig.Machine.Owner.Generation, rig.Clock.Read().Latest, Wrote: true, Operations: 1)));
        }

        while (rig.Unanswered.OfType<ShardEffect.Persist>().Any())
        {
            rig.Answer<ShardEffect.Persist>();
        }

        foreach (ShardFrame.Voted voted in rig.Frames<ShardFrame.Voted>().ToList())
        {
            rig.Handle(Frame(new CoordinatorFrame.Ended(voted.Id, Outcome.Committed(voted.Vote.PrepareTimestamp))));
        }

        return rig;
    }

    private static ShardEvent.FrameReceived Frame(CoordinatorFrame frame) => new(Name.Coordinator("c1"), frame);
}
