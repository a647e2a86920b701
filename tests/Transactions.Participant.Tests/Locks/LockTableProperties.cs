using CsCheck;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>What holds after any requests, releases and votes in any order.</summary>
[Trait("Rule", "X4")]
public sealed class LockTableProperties
{
    private const int Transactions = 7;

    private static readonly string[] Keys = ["k", "l", "m", "n"];

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (6, Gen.Select(Gen.Int[0, Transactions - 1], Gen.Int[0, 3], Gen.Bool, (who, key, isWrite) => new Step(who, isWrite ? Kind.Exclusive : Kind.Shared, key, 0))),
        (2, Gen.Select(Gen.Int[0, Transactions - 1], Gen.Int[0, 3], Gen.Int[0, 4], (who, from, to) => new Step(who, Kind.Range, from, to))),
        (1, Gen.Int[0, Transactions - 1].Select(who => new Step(who, Kind.Prepare, 0, 0))),
        (2, Gen.Int[0, Transactions - 1].Select(who => new Step(who, Kind.Release, 0, 0))));

    private enum Kind
    {
        Shared = 1,
        Exclusive = 2,
        Range = 3,
        Prepare = 4,
        Release = 5,
    }

    [Fact]
    public void AnyRequests_InAnyOrder_NobodyWaitsBehindAYoungerAndAllCanGoOn() => Steps.Array[1, 40].Sample(
        steps =>
        {
            Run run = new();
            foreach (Step step in steps)
            {
                run.Do(step);
                run.Check();
            }

            run.Finish();
        },
        iter: 20_000,
        threads: 1);

    private sealed record Step(int Who, Kind Kind, int Key, int To);

    private sealed class Run
    {
        private readonly LockRig _rig = new();
        private readonly List<LockRequest> _requests = [];
        private readonly string?[] _present = new string?[Transactions];
        private int _next;

        public void Do(Step step)
        {
            // An ended transaction's place is taken by a new one, younger or older as it comes.
            string who = _present[step.Who] is { } present && _rig[present].Status != TransactionStatus.Ended
                ? present
                : _present[step.Who] = ((char)('a' + (_next++ * 37 % 97))).ToString();
            ShardTransaction transaction = _rig[who];
            if (transaction.Status == TransactionStatus.Ended)
            {
                return;
            }

            switch (step.Kind)
            {
                case Kind.Shared or Kind.Exclusive when transaction.CanBeWounded:
                    if ((step.Kind == Kind.Shared ? _rig.Shared(who, Keys[step.Key]) : _rig.Exclusive(who, Keys[step.Key])) is { } request)
                    {
                        _requests.Add(request);
                    }

                    break;

                case Kind.Range when transaction.CanBeWounded:
                    _requests.Add(_rig.Range(who, Keys[step.Key], step.To < Keys.Length ? Keys[step.To] : null));
                    break;

                // Only what waits for nothing votes YES.
                case Kind.Prepare when !Waiting.Any(waiting => waiting.Transaction == transaction):
                    _rig.Prepare(who);
                    break;

                case Kind.Release:
                    _rig.Release(who);
                    break;

                default:
                    break;
            }
        }

        public void Check()
        {
            LockRequest[] live = [.. Live];
            foreach (LockRequest a in live)
            {
                foreach (LockRequest b in live)
                {
                    if (!a.ConflictsWith(b))
                    {
                        continue;
                    }

                    Assert.False(a.IsGranted && b.IsGranted, $"{Of(a)} and {Of(b)} are held at once.");
                    bool isBehind = !a.IsGranted && (b.IsGranted || b.GoesBefore(a));
                    Assert.False(
                        isBehind && b.Transaction.CanBeWounded && a.Transaction.Precedence.IsOlderThan(b.Transaction.Precedence),
                        $"{Of(a)} waits behind the younger {Of(b)}.");
                }
            }

            foreach (LockRequest waiting in Waiting)
            {
                Assert.True(
                    live.Any(other => other.ConflictsWith(waiting) && (other.IsGranted || other.GoesBefore(waiting)))
                        || live.Any(other => other.Transaction == waiting.Transaction && !other.IsGranted && other != waiting),
                    $"{Of(waiting)} waits for nothing.");
            }
        }

        // No deadlock: whoever waits for nothing ends, again and again, until nobody is left.
        public void Finish()
        {
            while (_rig.Transactions.Where(t => t.Status != TransactionStatus.Ended).ToList() is { Count: > 0 } open)
            {
                ShardTransaction? free = open.Find(transaction => !Waiting.Any(waiting => waiting.Transaction == transaction));
                Assert.True(free is not null, "Everybody waits.");
                _rig.Release(Name.Of(free.Id));
                Check();
            }

            Assert.True(_rig.Table.IsEmpty);
        }

        private IEnumerable<LockRequest> Live => _requests.Where(request => request.Transaction.Status != TransactionStatus.Ended);

        private IEnumerable<LockRequest> Waiting => Live.Where(request => !request.IsGranted);

        private static string Of(LockRequest request) => $"{Name.Of(request.Transaction.Id)}'s {request}";
    }
}
