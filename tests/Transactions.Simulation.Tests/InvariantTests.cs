namespace Transactions.Simulation.Tests;

/// <summary>Every invariant of the protocol's section 8, at every step, in every kind of weather.</summary>
/// <remarks>The same seeds each time; <see cref="FreshSeedTests"/> runs others.</remarks>
public sealed class InvariantTests
{
    private const int SeedsEach = 20;

    [Theory]
    [Trait("Rule", "invariants")]
    [InlineData(nameof(Profile.Calm))]
    [InlineData(nameof(Profile.Network))]
    [InlineData(nameof(Profile.Crashes))]
    [InlineData(nameof(Profile.Storage))]
    [InlineData(nameof(Profile.Clocks))]
    [InlineData(nameof(Profile.Chaos))]
    [InlineData(nameof(Profile.Expiry))]
    [InlineData(nameof(Profile.Zombies))]
    public void Invariants_UnderKnownSeeds_Hold(string profile)
    {
        for (ulong seed = 1; seed <= SeedsEach; seed++)
        {
            Runs.AssertHolds(seed, Enum.Parse<Profile>(profile));
        }
    }

    // Each broke an invariant once: of the machines, of the databases, or of the observer. What a seed decides has changed
    // since for the first ones; their machines' tests keep what they found.
    [Theory]
    [InlineData(9, nameof(Profile.Network))] // D5: an Applied that found no room was never asked for again.
    [InlineData(86, nameof(Profile.Clocks))] // L3, D5: a deposed owner said Applied for its successor's intents.
    [InlineData(35, nameof(Profile.Storage))] // D1, D5: a search told of a commit that wasn't durable yet.
    [InlineData(3, nameof(Profile.Network))] // X5: a late Enlist of a forgotten commit was answered ABORT.
    [InlineData(1000, null)] // S4: history was pruned above what was published as visible.
    [InlineData(20024, nameof(Profile.Expiry))] // Observer: EXPIRED, told by a stuck abort insert, isn't a second outcome (D5).
    [InlineData(248, null)] // Clients: one slept until an id that was dated far ahead would be forgotten.
    [InlineData(12914, nameof(Profile.Chaos))] // Clients: a snapshot chosen ahead by a slow clock lay before the bank was opened.
    [InlineData(18612, null)] // Observer: a key was used again after its row's retention, as it may be (D5, D6).
    [InlineData(7, nameof(Profile.Storage))]
    [InlineData(79, nameof(Profile.Chaos))]
    [InlineData(679, null)]
    [InlineData(2201, null)]
    public void Invariants_UnderSeedsThatOnceFailed_Hold(int seed, string? profile) =>
        Runs.AssertHolds((ulong)seed, profile is null ? null : Enum.Parse<Profile>(profile));
}
