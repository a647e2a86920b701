using CsCheck;
using Transactions.Clocks;
using Xunit;

namespace Transactions.Model.Tests;

[Trait("Rule", "D4")]
public sealed class CommitConversationTests
{
    private static readonly CommitResult Committed =
        new(TransactionId.Create(new Timestamp(1L << 50), new byte[10]), Outcome.Committed(new Timestamp(9)), null);

    private static readonly Refusal Down = Refusal.Unavailable(RefusalReason.PeerUnavailable, "down");

    private readonly CommitConversation _talk = new("a", ["b", "c", "a", "b"]);

    [Fact]
    public void Step_First_SendsCommitHome()
    {
        Assert.Equal(new CommitStep.SendCommit("a"), _talk.Step);
        Assert.False(_talk.IsOver);
    }

    [Fact]
    public void Replied_ToCommit_Ends()
    {
        Assert.Equal(new CommitStep.Ended(Committed), _talk.Replied(Committed));
        Assert.True(_talk.IsOver);
    }

    [Fact]
    public void Lost_ReplyToCommit_ResolvesAtHomeThenAroundTheOthers()
    {
        Assert.Equal(new CommitStep.SendResolve("a"), _talk.Lost());
        Assert.Equal(new CommitStep.SendResolve("b"), _talk.Lost());
        Assert.Equal(new CommitStep.SendResolve("c"), _talk.Refused(Down));
        Assert.Equal(new CommitStep.Wait(0), _talk.Lost());
        Assert.Equal(new CommitStep.SendResolve("a"), _talk.Waited());
        Assert.Equal(new CommitStep.Ended(Committed), _talk.Replied(Committed));
    }

    [Fact]
    [Trait("Rule", "X11")]
    public void Refused_CommitUnavailable_WaitsThenResolves()
    {
        Assert.Equal(new CommitStep.Wait(0), _talk.Refused(Down));
        Assert.Equal(new CommitStep.SendResolve("a"), _talk.Waited());
    }

    [Fact]
    [Trait("Rule", "X1")]
    public void Refused_OtherCoordinator_SendsTheCommitThere()
    {
        Refusal redirect = new(RefusalStatus.FailedPrecondition, RefusalReason.OtherCoordinator, "not mine") { Redirect = "x" };

        Assert.Equal(new CommitStep.SendCommit("x"), _talk.Refused(redirect));
        Assert.Equal(new CommitStep.SendResolve("x"), _talk.Lost());
        Assert.Equal(new CommitStep.SendResolve("a"), _talk.Lost());
    }

    [Fact]
    public void Refused_RedirectsInACircle_AreGivenUpAsNotTakenUp()
    {
        Refusal redirect = new(RefusalStatus.FailedPrecondition, RefusalReason.OtherCoordinator, "not mine") { Redirect = "a" };
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(new CommitStep.SendCommit("a"), _talk.Refused(redirect));
        }

        Assert.Equal(new CommitStep.NotTakenUp(redirect), _talk.Refused(redirect));
    }

    [Fact]
    public void Refused_NothingWritten_RunsAgain()
    {
        Refusal refusal = new(RefusalStatus.FailedPrecondition, RefusalReason.NothingWritten, "again");

        Assert.Equal(new CommitStep.RunAgain("again"), _talk.Refused(refusal));
        Assert.True(_talk.IsOver);
    }

    [Fact]
    public void Refused_ResolveNothingWritten_RunsAgain()
    {
        _talk.Lost();

        Assert.IsType<CommitStep.RunAgain>(
            _talk.Refused(new Refusal(RefusalStatus.FailedPrecondition, RefusalReason.NothingWritten, "again")));
    }

    [Fact]
    [Trait("Rule", "D5")]
    public void Refused_ResolveExpired_IsOver()
    {
        _talk.Lost();
        Refusal refusal = new(RefusalStatus.FailedPrecondition, RefusalReason.Expired, "too old");

        Assert.Equal(new CommitStep.Expired(refusal), _talk.Refused(refusal));
        Assert.True(_talk.IsOver);
    }

    [Theory]
    [InlineData(RefusalStatus.InvalidArgument, RefusalReason.InvalidField)]
    [InlineData(RefusalStatus.Unauthenticated, RefusalReason.BadSignature)]
    [InlineData(RefusalStatus.PermissionDenied, RefusalReason.Unspecified)]
    [InlineData(RefusalStatus.ResourceExhausted, RefusalReason.LimitReached)]
    [InlineData(RefusalStatus.FailedPrecondition, RefusalReason.IdOutOfRange)]
    public void Refused_CommitForGood_IsNotTakenUp(RefusalStatus status, RefusalReason reason)
    {
        Refusal refusal = new(status, reason, "no");

        Assert.Equal(new CommitStep.NotTakenUp(refusal), _talk.Refused(refusal));
    }

    [Theory]
    [InlineData(RefusalStatus.InvalidArgument)]
    [InlineData(RefusalStatus.Unauthenticated)]
    [InlineData(RefusalStatus.PermissionDenied)]
    [InlineData(RefusalStatus.ResourceExhausted)]
    [InlineData(RefusalStatus.FailedPrecondition)]
    [InlineData(RefusalStatus.Aborted)]
    [InlineData(RefusalStatus.Unavailable)]
    public void Refused_ResolveAnyhow_AsksAnother(RefusalStatus status)
    {
        _talk.Lost();

        Assert.Equal(new CommitStep.SendResolve("b"), _talk.Refused(new Refusal(status, RefusalReason.Unspecified, "no")));
    }

    [Fact]
    public void Refused_CommitQueueFullForNow_CommitsAgain()
    {
        Assert.Equal(new CommitStep.Wait(0), _talk.Refused(Refusal.Limit("queue", "full") with { MayRetry = true }));
        Assert.Equal(new CommitStep.SendCommit("a"), _talk.Waited());
    }

    [Theory]
    [InlineData(RefusalStatus.FailedPrecondition, RefusalReason.TransactionSealed)]
    [InlineData(RefusalStatus.FailedPrecondition, RefusalReason.OutcomePending)]
    [InlineData(RefusalStatus.Aborted, RefusalReason.TransactionEnded)]
    public void Refused_CommitPerhapsTakenUp_Resolves(RefusalStatus status, RefusalReason reason)
    {
        Assert.Equal(new CommitStep.SendResolve("a"), _talk.Refused(new Refusal(status, reason, "hm")));
    }

    [Fact]
    public void Refused_ResolvePending_WaitsForTheSame()
    {
        _talk.Lost();

        Assert.Equal(new CommitStep.Wait(0), _talk.Refused(Refusal.Unavailable(RefusalReason.OutcomePending, "soon")));
        Assert.Equal(new CommitStep.SendResolve("a"), _talk.Waited());
    }

    [Fact]
    public void Resume_ACommitOfBefore_BeginsWithResolve()
    {
        Assert.Equal(new CommitStep.SendResolve("a"), CommitConversation.Resume("a", []).Step);
    }

    [Fact]
    public void Replied_NothingSent_BreaksAnInvariant()
    {
        _talk.Refused(Down);

        Assert.Throws<BrokenInvariantException>(() => _talk.Replied(Committed));
        Assert.Throws<BrokenInvariantException>(() => _talk.Lost());
    }

    [Fact]
    public void Any_History_NeverEndsInUnknown()
    {
        Refusal[] refusals =
        [
            .. from status in Enum.GetValues<RefusalStatus>()
               from reason in Enum.GetValues<RefusalReason>()
               from mayRetry in new[] { true, false }
               select new Refusal(status, reason, "no") { MayRetry = mayRetry, Redirect = reason == RefusalReason.OtherCoordinator ? "d" : null },
        ];

        // -1 loses the answer; anything else picks a refusal.
        Gen.Int[-1, refusals.Length - 1].Array[0, 40].Sample(answers =>
        {
            CommitConversation talk = new("a", ["b", "c"]);
            bool commitMayHaveArrived = false;
            foreach (int answer in answers)
            {
                while (talk.Step is CommitStep.Wait)
                {
                    talk.Waited();
                }

                if (talk.IsOver)
                {
                    break;
                }

                bool wasCommit = talk.Step is CommitStep.SendCommit;
                Assert.False(wasCommit && commitMayHaveArrived, "D4: after a doubtful Commit only Resolve is sent");
                CommitStep next = answer < 0 ? talk.Lost() : talk.Refused(refusals[answer]);
                commitMayHaveArrived |= wasCommit && answer < 0;
                Assert.False(next is CommitStep.NotTakenUp && commitMayHaveArrived, "a doubtful Commit is never called not taken up");
                Assert.False(next is CommitStep.Ended, "no outcome is made up");
                if (next is CommitStep.RunAgain or CommitStep.Expired)
                {
                    Assert.Contains(refusals[answer].Reason, new[] { RefusalReason.NothingWritten, RefusalReason.Expired });
                }
            }
        });
    }

    [Fact]
    public void Any_AnswerInTheEnd_IsReached()
    {
        // However many answers get lost, the loop comes back to every coordinator, and the one that answers ends it.
        Gen.Select(Gen.Int[0, 50], Gen.Int[0, 2].Select(i => new[] { "a", "b", "c" }[i])).Sample((lost, alive) =>
        {
            CommitConversation talk = new("a", ["b", "c"]);
            talk.Lost();
            for (int i = 0; i < lost; i++)
            {
                Next(talk);
                talk.Lost();
            }

            for (int i = 0; i < 3; i++)
            {
                Next(talk);
                if (talk.Step == new CommitStep.SendResolve(alive))
                {
                    return talk.Replied(Committed) is CommitStep.Ended;
                }

                talk.Lost();
            }

            return false;
        });

        static void Next(CommitConversation talk)
        {
            if (talk.Step is CommitStep.Wait)
            {
                talk.Waited();
            }
        }
    }
}
