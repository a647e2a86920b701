namespace Transactions.Histories;

/// <summary>A kind of cycle to look for: over edges of some kinds, with at least one of some.</summary>
/// <param name="Kinds">The edges that it may have.</param>
/// <param name="Required">It has one of these.</param>
/// <param name="IsSingle">And no second of these.</param>
internal readonly record struct CycleSpec(EdgeKinds Kinds, EdgeKinds Required, bool IsSingle)
{
    private const EdgeKinds Flow = EdgeKinds.WriteWrite | EdgeKinds.WriteRead | EdgeKinds.Onward;
    private const EdgeKinds FlowByRealTime = Flow | EdgeKinds.WriteWriteByRealTime;
    private const EdgeKinds Overwrites = EdgeKinds.ReadWrite | EdgeKinds.PredicateReadWrite;

    /// <summary>All edges of the search without timestamps.</summary>
    public const EdgeKinds WithoutTimestamps = Flow | Overwrites | EdgeKinds.Process | EdgeKinds.AnyRealTime;

    /// <summary>
    /// All edges of the search with timestamps. Never with real time: a snapshot may read at a timestamp ahead of what begins
    /// after it has ended, and nothing that it shows is wrong then.
    /// </summary>
    public const EdgeKinds WithTimestamps = Flow | Overwrites | EdgeKinds.Timestamp;

    /// <summary>From the gravest to the least: without any order, then with that of processes, then of real time.</summary>
    public static CycleSpec[] OfDependencies { get; } =
    [
        .. Family(EdgeKinds.None, Flow, Overwrites),
        .. Family(EdgeKinds.Process, Flow, Overwrites),
        .. Family(EdgeKinds.Process | EdgeKinds.AnyRealTime, FlowByRealTime, EdgeKinds.AnyReadWrite),
    ];

    /// <summary>From the gravest to the least, with the order of timestamps.</summary>
    public static CycleSpec[] OfTimestamps { get; } = [.. Family(EdgeKinds.Timestamp, Flow, Overwrites)];

    private static IEnumerable<CycleSpec> Family(EdgeKinds order, EdgeKinds flow, EdgeKinds overwrites)
    {
        EdgeKinds reads = EdgeKinds.WriteRead;
        EdgeKinds plain = order & ~EdgeKinds.AnyReadWrite;
        EdgeKinds items = overwrites & ~EdgeKinds.AnyPredicate;
        yield return new((flow & ~reads) | plain, EdgeKinds.AnyWriteWrite, IsSingle: false);
        yield return new(flow | plain, reads, IsSingle: false);
        yield return new(flow | plain | overwrites, overwrites, IsSingle: true);
        yield return new(flow | plain | items, items, IsSingle: false);
        yield return new(flow | plain | overwrites, overwrites & EdgeKinds.AnyPredicate, IsSingle: false);
    }
}
