namespace Transactions.Simulation;

/// <summary>An invariant that a run broke.</summary>
/// <param name="Invariant">The number in section 8 of the protocol, or the rule, and its name.</param>
/// <param name="What">What was seen.</param>
/// <param name="At">When, in microseconds from the start of the run.</param>
internal sealed record Violation(string Invariant, string What, long At)
{
    public override string ToString() => $"[{Invariant}] {What} (at {At / 1_000_000.0:0.000000} s)";
}
