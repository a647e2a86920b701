using CsCheck;
using Xunit;

namespace Transactions.Model.Tests;

[Trait("Rule", "X2")]
public sealed class CallLedgerTests
{
    private static readonly ShardGeneration Payments = Owner("payments/0", 3);
    private static readonly ShardGeneration Orders = Owner("orders/0", 1);

    private readonly CallLedger _ledger = new(scope: 42);

    [Fact]
    public void NextOperation_Repeatedly_CountsWithinTheScope()
    {
        Assert.Equal(new OperationNumber(42, 1), _ledger.NextOperation());
        Assert.Equal(new OperationNumber(42, 2), _ledger.NextOperation());
    }

    [Fact]
    public void SealRoot_NothingDone_NamesNothing()
    {
        Assert.Equal(new RootSeal.Ready([]), _ledger.SealRoot());
    }

    [Fact]
    public void SealRoot_AdmittedOperations_CountsThemByShard()
    {
        _ledger.Admitted(Begin(), Payments, wrote: false);
        _ledger.Admitted(Begin(), Orders, wrote: false);
        _ledger.Admitted(Begin(), Payments, wrote: true);
        _ledger.Admitted(Begin(), Payments, wrote: false);

        Assert.Equal(
            new RootSeal.Ready([new CommitShard(Orders, false, 1), new CommitShard(Payments, true, 3)]), _ledger.SealRoot());
    }

    [Fact]
    public void SealRoot_NestedCalls_MergesWhatTheyBroughtBack()
    {
        _ledger.Admitted(Begin(), Payments, wrote: false);
        _ledger.Answered(Begin(), new([new(Payments, true, 4), new(Orders, false, 2)], null));
        _ledger.Answered(Begin(), new([new(Orders, false, 5)], null));

        Assert.Equal(
            new RootSeal.Ready([new CommitShard(Orders, false, 7), new CommitShard(Payments, true, 5)]), _ledger.SealRoot());
    }

    [Fact]
    public void Refused_NotAdmitted_NeitherCountsNorDooms()
    {
        _ledger.Refused(Begin(), Refusal.Invalid("key", "too long"), null);
        _ledger.Refused(Begin(), Refusal.Limit("keys", "too many"), null);
        _ledger.Refused(Begin(), Refusal.Unavailable(RefusalReason.NotOwner, "moved"), null);

        Assert.Equal(new RootSeal.Ready([]), _ledger.SealRoot());
    }

    [Fact]
    public void Refused_AfterItWasAdmitted_Counts()
    {
        _ledger.Refused(Begin(), Refusal.Limit("bytes", "too many"), Payments);

        Assert.Equal(new RootSeal.Ready([new CommitShard(Payments, false, 1)]), _ledger.SealRoot());
    }

    [Theory]
    [InlineData(AbortReason.Wounded, true)]
    [InlineData(AbortReason.OperationConflict, false)]
    public void Refused_TransactionEnded_DoomsAndSaysWhetherToRetry(AbortReason reason, bool mayRetry)
    {
        _ledger.Refused(Begin(), Refusal.Aborted(reason, "ended"), null);

        Assert.Equal(mayRetry, Doomed().MayRetry);
    }

    [Theory]
    [InlineData(RefusalReason.DeadlinePassed)]
    [InlineData(RefusalReason.OtherIncarnation)]
    [InlineData(RefusalReason.Expired)]
    [InlineData(RefusalReason.IdOutOfRange)]
    [InlineData(RefusalReason.TransactionEnded)]
    public void Answered_WithARefusalThatEndsIt_DoomsThoughTheTrailerDoesNot(RefusalReason reason)
    {
        _ledger.Answered(Begin(), Participation.None, new Refusal(RefusalStatus.FailedPrecondition, reason, "no"));

        Assert.Contains("no", Doomed().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Answered_WithAnotherFailure_DoesNotDoom()
    {
        _ledger.Answered(Begin(), Participation.None, Refusal.Invalid("amount", "negative"));

        Assert.Equal(new RootSeal.Ready([]), _ledger.SealRoot());
    }

    [Fact]
    public void AnsweredWithoutTrailer_Always_DoomsInVain()
    {
        _ledger.AnsweredWithoutTrailer(Begin("Charge"));

        Doom doom = Doomed();
        Assert.False(doom.MayRetry);
        Assert.Contains("Charge", doom.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void OutcomeUnknown_Always_DoomsAndMayBeRetried()
    {
        _ledger.OutcomeUnknown(Begin("Charge"), "connection reset");

        Doom doom = Doomed();
        Assert.True(doom.MayRetry);
        Assert.Contains("connection reset", doom.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void DisposedEarly_Always_Dooms()
    {
        _ledger.DisposedEarly(Begin());

        Assert.False(Doomed().MayRetry);
    }

    [Fact]
    public void NotSent_Always_LeavesNoTrace()
    {
        _ledger.NotSent(Begin());

        Assert.Equal(new RootSeal.Ready([]), _ledger.SealRoot());
    }

    [Fact]
    public void Answered_WithDoom_DoomsTheCallerToo()
    {
        Doom below = new("below", mayRetry: true);
        _ledger.Answered(Begin(), new([new(Orders, true, 1)], below));

        Assert.Equal(below, Doomed());
    }

    [Fact]
    public void Admitted_TwoGenerationsOfOneShard_Dooms()
    {
        _ledger.Admitted(Begin(), Payments, wrote: false);
        _ledger.Admitted(Begin(), Owner("payments/0", 4), wrote: false);

        Assert.True(Doomed().MayRetry);
    }

    [Fact]
    public void Answered_TwoGenerationsOfOneShardBelow_Dooms()
    {
        _ledger.Admitted(Begin(), Payments, wrote: false);
        _ledger.Answered(Begin(), new([new(Owner("payments/0", 2), false, 1)], null));

        Assert.True(Doomed().MayRetry);
    }

    [Fact]
    public void Condemn_RetryInVainAfterRetryUseful_TellsTheFormer()
    {
        _ledger.Condemn("lost", mayRetry: true);
        _ledger.Condemn("broken", mayRetry: false);
        _ledger.Condemn("lost again", mayRetry: true);

        Assert.Equal(new Doom("broken", false), Doomed());
    }

    [Fact]
    public void SealRoot_CallsInFlight_RefusesUntilTheyEnd()
    {
        CallTicket call = Begin("Charge");

        Assert.Equal(new RootSeal.CallsInFlight(["Charge"]), _ledger.SealRoot());

        _ledger.Admitted(call, Payments, wrote: true);
        Assert.Equal(new RootSeal.Ready([new CommitShard(Payments, true, 1)]), _ledger.SealRoot());
    }

    [Fact]
    public void SealRoot_Doomed_SaysSoThoughCallsAreInFlight()
    {
        Begin();
        _ledger.Condemn("broken", mayRetry: false);

        Assert.IsType<RootSeal.Doomed>(_ledger.SealRoot());
    }

    [Fact]
    public void SealHop_CallsInFlight_DoomsAndStillYieldsTheTrailer()
    {
        _ledger.Admitted(Begin(), Payments, wrote: true);
        Begin("Ship");

        Participation trailer = _ledger.SealHop();

        Assert.Equal([new CommitShard(Payments, true, 1)], trailer.Shards);
        Assert.Contains("Ship", trailer.Doom!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void SealHop_Idle_YieldsWhatWasDone()
    {
        _ledger.Admitted(Begin(), Payments, wrote: true);

        Assert.Equal(new Participation([new(Payments, true, 1)], null), _ledger.SealHop());
    }

    [Fact]
    public void SealHop_LateAnswer_ChangesNothing()
    {
        CallTicket late = Begin();
        Participation first = _ledger.SealHop();
        _ledger.Admitted(late, Payments, wrote: true);

        Assert.Same(first, _ledger.SealHop());
        Assert.Empty(first.Shards);
    }

    [Fact]
    public void Condemn_AfterTheSeal_ChangesNothing()
    {
        RootSeal first = _ledger.SealRoot();
        _ledger.Condemn("too late", mayRetry: false);

        Assert.Same(first, _ledger.SealRoot());
        Assert.Null(_ledger.Doom);
    }

    [Fact]
    public void SealRoot_OfAHop_BreaksAnInvariant()
    {
        _ledger.SealHop();

        Assert.Throws<BrokenInvariantException>(() => _ledger.SealRoot());
    }

    [Fact]
    public void TryBegin_AfterTheSeal_IsRefused()
    {
        _ledger.SealRoot();

        Assert.False(_ledger.TryBegin("late", out _, out Refusal? refusal));
        Assert.Equal(RefusalReason.TransactionSealed, refusal.Reason);
    }

    [Fact]
    public void TryBegin_Doomed_IsRefusedWithTheReason()
    {
        _ledger.Condemn("broken", mayRetry: true);

        Assert.False(_ledger.TryBegin("late", out _, out Refusal? refusal));
        Assert.Equal(RefusalReason.Doomed, refusal.Reason);
        Assert.Equal(RefusalStatus.Aborted, refusal.Status);
        Assert.True(refusal.MayRetry);
    }

    [Fact]
    public void End_Twice_CountsOnce()
    {
        CallTicket call = Begin();
        _ledger.Admitted(call, Payments, wrote: true);
        _ledger.Admitted(call, Payments, wrote: true);
        _ledger.OutcomeUnknown(call, "too late");

        Assert.Equal(new RootSeal.Ready([new CommitShard(Payments, true, 1)]), _ledger.SealRoot());
    }

    [Fact]
    public void Answered_TooManyOperations_Dooms()
    {
        _ledger.Answered(Begin(), new([new(Payments, true, Participation.MaxOperations)], null));
        Assert.Null(_ledger.Doom);
        _ledger.Admitted(Begin(), Payments, wrote: false);

        Assert.False(Doomed().MayRetry);
    }

    [Fact]
    public void Admitted_TooManyShards_Dooms()
    {
        for (int i = 0; i < Participation.MaxShards; i++)
        {
            _ledger.Admitted(Begin(), Owner($"s{i}/0", 1), wrote: false);
        }

        Assert.Null(_ledger.Doom);
        _ledger.Admitted(Begin(), Payments, wrote: false);

        Assert.False(Doomed().MayRetry);
    }

    [Fact]
    public void SealRoot_AnyTreeOfHops_NamesExactlyWhatWasAdmitted()
    {
        // A path says through how many hops an operation went; the root must count each once, whatever the way.
        Gen<(int Hop, int Shard, bool Wrote)[]> work = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 3], Gen.Bool).Array[0, 60];
        work.Sample(operations =>
        {
            CallLedger root = new(1);
            List<(CallLedger Ledger, CallTicket Call)> chain = [];
            CallLedger parent = root;
            for (int i = 1; i <= 4; i++)
            {
                Assert.True(parent.TryBegin($"hop {i}", out CallTicket call, out _));
                CallLedger hop = new(i + 1);
                chain.Add((parent, call));
                parent = hop;
            }

            CallLedger[] ledgers = [.. chain.Select(c => c.Ledger), parent];
            foreach ((int hop, int shard, bool wrote) in operations)
            {
                Assert.True(ledgers[hop].TryBegin("op", out CallTicket call, out _));
                ledgers[hop].Admitted(call, Owner($"s/{shard}", 1), wrote);
            }

            for (int i = chain.Count - 1; i >= 0; i--)
            {
                chain[i].Ledger.Answered(chain[i].Call, ledgers[i + 1].SealHop());
            }

            CommitShard[] expected = [.. operations
                .GroupBy(o => o.Shard)
                .OrderBy(g => g.Key)
                .Select(g => new CommitShard(Owner($"s/{g.Key}", 1), g.Any(o => o.Wrote), g.Count()))];
            Assert.Equal(new RootSeal.Ready([.. expected]), root.SealRoot());
        });
    }

    [Fact]
    public void SealRoot_AnyDoomBelow_NeverReady()
    {
        // How each call ends: 0 to 3 well, the others each by one of X2's dooms.
        Gen.Int[0, 7].Array[1, 20].Sample(ends =>
        {
            CallLedger ledger = new(1);
            List<CallTicket> calls = [];
            foreach (int _ in ends)
            {
                Assert.True(ledger.TryBegin("call", out CallTicket call, out Refusal? _));
                calls.Add(call);
            }

            for (int i = 0; i < ends.Length; i++)
            {
                switch (ends[i])
                {
                    case 4: ledger.AnsweredWithoutTrailer(calls[i]); break;
                    case 5: ledger.OutcomeUnknown(calls[i], "lost"); break;
                    case 6: ledger.DisposedEarly(calls[i]); break;
                    case 7: ledger.Answered(calls[i], new([], new Doom("below", true))); break;
                    default: ledger.Admitted(calls[i], Payments, wrote: true); break;
                }
            }

            return ends.Any(e => e >= 4) == (ledger.SealRoot() is RootSeal.Doomed);
        });
    }

    [Fact]
    public async Task Admitted_FromManyThreads_LosesNone()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () =>
            {
                for (int i = 0; i < 1_000; i++)
                {
                    _ledger.NextOperation();
                    _ledger.Admitted(Begin(), Payments, wrote: false);
                }
            },
            token)));

        Assert.Equal(new RootSeal.Ready([new CommitShard(Payments, false, 8_000)]), _ledger.SealRoot());
        Assert.Equal(8_001, _ledger.NextOperation().Sequence);
    }

    private static ShardGeneration Owner(string shard, long generation) => new(ShardId.Parse(shard), new Generation(generation));

    private CallTicket Begin(string name = "call")
    {
        Assert.True(_ledger.TryBegin(name, out CallTicket ticket, out _));
        return ticket;
    }

    private Doom Doomed() => Assert.IsType<RootSeal.Doomed>(_ledger.SealRoot()).Doom;
}
