namespace Transactions.Simulation;

/// <summary>How often a run came to where a rule of the protocol makes the difference.</summary>
internal static class Rules
{
    /// <summary>Rules that no run exercises, and why.</summary>
    public static IReadOnlyDictionary<Rule, string> Excepted { get; } = new Dictionary<Rule, string>
    {
        [Rule.S3] = "READ_RESTART belongs to hybrid mode, and the machines run in bounded mode only",
    };

    public static long Exercised(Rule rule, Counters counters) => PathsOf(rule).Sum(path => counters[path]);

    /// <summary>
    /// What is counted for a rule. What PostgreSQL itself does for L2, L3, L6, D1 and D5 (locks, snapshots, write-ahead log) is the fakes'
    /// word here; integration tests race real connections for it.
    /// </summary>
    public static IReadOnlyList<Path> PathsOf(Rule rule) => rule switch
    {
        Rule.T1 => [Path.TimestampsOfOneMicrosecond],
        Rule.T2 => [Path.TimestampsAhead],
        Rule.T3 => [Path.ClocksUnhealthy, Path.RefusedByUnhealthyClocks],
        Rule.T4 => [Path.FloorsChosen],
        Rule.T5 => [Path.ModesChecked],
        Rule.X1 => [Path.OtherIncarnations, Path.Redirects],
        Rule.X2 => [Path.RepeatsAnswered],
        Rule.X3 => [Path.LateEnlists],
        Rule.X4 => [Path.Wounded],
        Rule.X5 => [Path.RefusedEnded],
        Rule.X6 => [Path.CountMismatches, Path.SetMismatches],
        Rule.X7 => [Path.VotesPersisted],
        Rule.X8 => [Path.LeasesTooShort],
        Rule.X9 => [Path.CommitWaits],
        Rule.X10 => [Path.AppliesTold],
        Rule.X11 => [Path.OnePhase],
        Rule.X12 => [Path.ReadOnly],
        Rule.S1 => [Path.StrongReads],
        Rule.S2 => [Path.ReadsAmongPrepared],
        Rule.S3 => [],
        Rule.S4 => [Path.SqlReads],
        Rule.L1 => [Path.ReadsWithinLease],
        Rule.L2 => [Path.FencedWrites],
        Rule.L3 => [Path.Successions],
        Rule.L4 => [Path.Renewals],
        Rule.L5 => [Path.HandBacks],
        Rule.L6 => [Path.Reconciled],
        Rule.D1 => [Path.RegistersLost],
        Rule.D2 => [Path.AmbiguousRecords],
        Rule.D3 => [Path.InDoubt],
        Rule.D4 => [Path.Tombstones],
        Rule.D5 => [Path.Expired],
        Rule.D6 => [Path.KeyReplays],
    };
}
