using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>Every history of a few transactions on two keys, up to a length: whatever can be reached keeps X4.</summary>
/// <remarks>
/// States that look alike are gone on from once. A history is replayed for each of its successors, since a table can't be copied.
/// </remarks>
[Trait("Rule", "X4")]
public sealed class LockTableModelTests
{
    private const int MostLocks = 3;

    private static readonly string[] Transactions = ["a", "b", "c", "d"];

    private enum Kind
    {
        ReadK = 1,
        ReadL = 2,
        WriteK = 3,
        WriteL = 4,
        ScanAll = 5,
        ScanFromL = 6,
        Shrink = 7,
        Prepare = 8,
        Release = 9,
    }

    // One step more takes minutes.
    [Theory]
    [InlineData(3, 4)]
    [InlineData(4, 3)]
    public void AnyHistory_AfterEveryStep_NobodyWaitsBehindAYoungerOne(int transactions, int length)
    {
        HashSet<string> seen = [""];
        List<Step[]> frontier = [[]];
        int wounds = 0;
        int laterGrants = 0;
        for (int i = 0; i < length; i++)
        {
            List<Step[]> next = [];
            foreach (Step[] history in frontier)
            {
                foreach (Step step in Enabled(Replay(history), transactions))
                {
                    LockRig rig = Replay(history);
                    int granted = rig.Granted.Count;
                    Do(rig, step);
                    Check(rig, [.. history, step]);
                    wounds += rig.Wounded.Count > 0 ? 1 : 0;
                    laterGrants += step.Kind >= Kind.Shrink && rig.Granted.Count > granted ? 1 : 0;
                    if (seen.Add(Describe(rig)))
                    {
                        next.Add([.. history, step]);
                    }
                }
            }

            frontier = next;
        }

        // It went where it matters.
        Assert.True(seen.Count > 1_000 && wounds > 1_000 && laterGrants > 50, $"{seen.Count} states, {wounds} wounds, {laterGrants} grants");
    }

    // What the histories show is also looked at in production, after each step.
    [Fact]
    public void LockKey_YoungerHolderThatLivesOn_BreaksTheInvariant()
    {
        LockTable table = new() { Wound = (_, _, _) => { } };
        table.LockKey(new ShardTransaction(Name.Transaction("b"), new(1)), LockMode.Exclusive, Name.Record("t/k"), Operation("b"));

        Assert.Throws<BrokenInvariantException>(() =>
            table.LockKey(new ShardTransaction(Name.Transaction("a"), new(1)), LockMode.Shared, Name.Record("t/k"), Operation("a")));
    }

    // An old one that may be wounded again (as no transaction ever may) waits behind what is granted to a young one.
    [Fact]
    public void ReleaseAll_GrantBeforeAnOlderWaiter_BreaksTheInvariant()
    {
        LockTable table = new() { Wound = (_, _, _) => { } };
        ShardTransaction holder = new(Name.Transaction("a"), new(1));
        ShardTransaction young = new(Name.Transaction("c"), new(1));
        table.LockKey(holder, LockMode.Exclusive, Name.Record("t/k"), Operation("a"));
        table.LockKey(young, LockMode.Exclusive, Name.Record("t/k"), Operation("c"));
        young.Status = TransactionStatus.Prepared;
        table.LockKey(new ShardTransaction(Name.Transaction("b"), new(1)), LockMode.Exclusive, Name.Record("t/k"), Operation("b"));
        young.Status = TransactionStatus.Active;

        Assert.Throws<BrokenInvariantException>(() => table.ReleaseAll(holder));
    }

    private static PendingOperation Operation(string who) =>
        new(new ShardTransaction(Name.Transaction(who), new(1)), new(1, 1), Name.Get("t/k"));

    private static LockRig Replay(Step[] history)
    {
        LockRig rig = new();
        foreach (Step step in history)
        {
            Do(rig, step);
        }

        return rig;
    }

    private static IEnumerable<Step> Enabled(LockRig rig, int transactions)
    {
        foreach (string who in Transactions.Take(transactions))
        {
            ShardTransaction transaction = rig[who];
            if (transaction.Status == TransactionStatus.Ended)
            {
                continue;
            }

            if (transaction.Locks.Count > 0)
            {
                yield return new(who, Kind.Release);
            }

            if (!transaction.CanBeWounded)
            {
                continue;
            }

            // Only what waits for nothing votes YES.
            if (transaction.Locks.Count > 0 && transaction.Locks.TrueForAll(request => request.IsGranted))
            {
                yield return new(who, Kind.Prepare);
            }

            if (Scanned(transaction) is not null)
            {
                yield return new(who, Kind.Shrink);
            }

            if (transaction.Locks.Count < MostLocks)
            {
                for (Kind kind = Kind.ReadK; kind <= Kind.ScanFromL; kind++)
                {
                    yield return new(who, kind);
                }
            }
        }
    }

    private static void Do(LockRig rig, Step step)
    {
        switch (step.Kind)
        {
            case Kind.ReadK or Kind.ReadL:
                rig.Shared(step.Who, step.Kind == Kind.ReadK ? "k" : "l");
                break;
            case Kind.WriteK or Kind.WriteL:
                rig.Exclusive(step.Who, step.Kind == Kind.WriteK ? "k" : "l");
                break;
            case Kind.ScanAll or Kind.ScanFromL:
                rig.Range(step.Who, step.Kind == Kind.ScanAll ? "k" : "l", null);
                break;
            case Kind.Shrink:
                rig.Shrink(Scanned(rig[step.Who])!, "l");
                break;
            case Kind.Prepare:
                rig.Prepare(step.Who);
                break;
            case Kind.Release:
                rig.Release(step.Who);
                break;
        }
    }

    private static LockRequest? Scanned(ShardTransaction transaction) =>
        transaction.Locks.Find(request => request is { Mode: LockMode.Range, IsGranted: true, Range: { From: "k", To: null } });

    private static void Check(LockRig rig, Step[] history)
    {
        List<LockRequest> all = [.. rig.Transactions.SelectMany(transaction => transaction.Locks)];
        foreach (LockRequest a in all)
        {
            bool isBlocked = false;
            foreach (LockRequest b in all.Where(a.ConflictsWith))
            {
                Assert.False(a.IsGranted && b.IsGranted, $"{Of(a)} and {Of(b)} are held at once after {Of(history)}.");
                bool isBehind = !a.IsGranted && (b.IsGranted || b.GoesBefore(a));
                isBlocked |= isBehind;
                Assert.False(
                    isBehind && b.Transaction.CanBeWounded && a.Transaction.Precedence.IsOlderThan(b.Transaction.Precedence),
                    $"{Of(a)} waits behind the younger {Of(b)} after {Of(history)}.");
            }

            Assert.True(
                a.IsGranted || isBlocked || a.Transaction.Locks.Exists(other => other != a && !other.IsGranted),
                $"{Of(a)} waits for nothing after {Of(history)}.");
        }
    }

    // All that decides what can come: who has ended or is prepared, what is held, and the queue.
    private static string Describe(LockRig rig) => string.Join(
        ';',
        Transactions.Select(who => $"{rig[who].Status}").Concat(rig.Transactions
            .SelectMany(transaction => transaction.Locks)
            .OrderBy(request => request.IsGranted ? 0 : request.Arrival)
            .ThenBy(request => Of(request), StringComparer.Ordinal)
            .Select(request => $"{Of(request)} {request.IsGranted} {request.IsUpgrade}")));

    private static string Of(LockRequest request) => $"{Name.Of(request.Transaction.Id)}'s {request}";

    private static string Of(Step[] history) => string.Join(", ", history.Select(step => $"{step.Who} {step.Kind}"));

    private sealed record Step(string Who, Kind Kind);
}
