namespace Transactions.Simulation;

/// <summary>Parts that a scenario can do without: by leaving out one after the other, what breaks an invariant becomes short.</summary>
internal static class Reductions
{
    private static readonly (string Name, Func<Scenario, Scenario> Apply)[] Known =
    [
        ("sleep", s => s with { Sleep = 0 }),
        ("snapshots", s => s with { Snapshots = 0 }),
        ("tight-deadlines", s => s with { TightDeadlines = 0 }),
        ("strays", s => s with { Strays = 0 }),
        ("strange-dates", s => s with { StrangeDates = 0 }),
        ("carelessness", s => s with { Carelessness = 0 }),
        ("loss", s => s with { CallLoss = 0 }),
        ("doubled-calls", s => s with { CallDuplication = 0 }),
        ("doubled-frames", s => s with { FrameDuplication = 0 }),
        ("late-frames", s => s with { FrameAfterBreak = 0 }),
        ("lag", s => s with { Lag = 0 }),
        ("stream-breaks", s => s with { BetweenStreamBreaks = 0 }),
        ("partitions", s => s with { BetweenPartitions = 0 }),
        ("coordinator-crashes", s => s with { BetweenCoordinatorCrashes = 0 }),
        ("participant-crashes", s => s with { BetweenParticipantCrashes = 0 }),
        ("client-crashes", s => s with { BetweenClientCrashes = 0 }),
        ("crashes-at-steps", s => s with { CrashPoint = 0, CrashAtApply = 0 }),
        ("pauses", s => s with { BetweenPauses = 0 }),
        ("roll-backs", s => s with { StorageRollBack = 0 }),
        ("ambiguity", s => s with { StorageAmbiguity = 0 }),
        ("poison", s => s with { Poison = 0 }),
        ("outages", s => s with { BetweenOutages = 0 }),
        ("database-crashes", s => s with { BetweenServerCrashes = 0 }),
        ("stalls", s => s with { BetweenStalls = 0 }),
        ("unhealthy-clocks", s => s with { BetweenClockFaults = 0 }),
        ("clock-steps", s => s with { ClockStep = 0 }),
        ("clock-freezes", s => s with { ClockFreeze = 0 }),
        ("excess", s => s with { ClockExcess = 0, BetweenClockExcesses = 0 }),
    ];

    public static IEnumerable<string> Names => Known.Select(reduction => reduction.Name);

    /// <summary>A scenario without a part of it; null when there is no such part.</summary>
    public static Scenario? Without(Scenario scenario, string name) =>
        Array.Find(Known, reduction => reduction.Name == name) is { Apply: { } apply } ? apply(scenario) : null;
}
