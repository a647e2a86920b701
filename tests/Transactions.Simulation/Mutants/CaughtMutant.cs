namespace Transactions.Simulation;

/// <summary>How a mutant fared.</summary>
/// <param name="Name">The mutant.</param>
/// <param name="Seed">The first seed that caught it; null when none did.</param>
/// <param name="Tried">How many seeds were tried, that one included.</param>
/// <param name="Invariant">What it broke.</param>
internal sealed record CaughtMutant(string Name, ulong? Seed, int Tried, string Invariant)
{
    public override string ToString() => $"{Name}: {(Seed is null ? "survived" : $"seed {Seed}")} after {Tried} {Invariant}";
}
