using Transactions.Histories;

namespace Transactions.Simulation;

/// <summary>What came of one seed.</summary>
/// <param name="Scenario">What the seed decided.</param>
/// <param name="Violation">The first invariant that was broken; null when all held.</param>
/// <param name="Counters">The paths walked.</param>
/// <param name="TraceHash">The same for every run of the same seed.</param>
/// <param name="Steps">How many events happened.</param>
/// <param name="Microseconds">How long it took, in virtual time.</param>
/// <param name="History">What its clients saw; null where the run didn't come to its end.</param>
internal sealed record SimulationResult(
    Scenario Scenario, Violation? Violation, Counters Counters, string TraceHash, long Steps, long Microseconds, History? History);
