using System.Text;

namespace Transactions.IntegrationTests.Faults;

/// <summary>Faults drawn from a seed: the same seed, length and kinds give the same schedule. Immutable.</summary>
internal sealed class FaultSchedule
{
    private FaultSchedule(int seed, TimeSpan? length, IReadOnlyList<IReadOnlyList<Fault>> lanes) =>
        (Seed, Length, Lanes) = (seed, length, lanes);

    public int Seed { get; }

    /// <summary>After this no fault begins, since real ones take longer than planned; null: all of them come.</summary>
    public TimeSpan? Length { get; }

    /// <summary>Faults of one lane come one after another, those of two at once.</summary>
    public IReadOnlyList<IReadOnlyList<Fault>> Lanes { get; }

    /// <summary>Each of these kinds once, in that order, close together.</summary>
    public static FaultSchedule Of(int seed, params FaultKind[] kinds)
    {
        Random random = new(seed);
        return new(seed, null, [[.. kinds.Select(kind => Next(random, kind, longest: 0.6))]]);
    }

    /// <summary>All kinds mixed, for so long, in two lanes.</summary>
    public static FaultSchedule Mixed(int seed, TimeSpan length)
    {
        Random random = new(seed);
        return new(seed, length, [Lane(random, length), Lane(random, length)]);
    }

    public override string ToString()
    {
        StringBuilder text = new($"faults from seed {Seed}:\n");
        for (int lane = 0; lane < Lanes.Count; lane++)
        {
            foreach (Fault fault in Lanes[lane])
            {
                text.Append($"  lane {lane}: {fault}\n");
            }
        }

        return text.ToString();
    }

    private static List<Fault> Lane(Random random, TimeSpan length)
    {
        FaultKind[] kinds = Enum.GetValues<FaultKind>();
        List<Fault> lane = [];
        for (TimeSpan at = TimeSpan.Zero; at < length;)
        {
            Fault fault = Next(random, kinds[random.Next(kinds.Length)], longest: 2.5);
            lane.Add(fault);
            at += fault.After + fault.Lasts;
        }

        return lane;
    }

    private static Fault Next(Random random, FaultKind kind, double longest) => new(
        TimeSpan.FromSeconds(0.2 + (random.NextDouble() * longest)),
        kind,
        TimeSpan.FromSeconds(0.1 + (random.NextDouble() * longest)),
        random.Next(1 << 20));
}
