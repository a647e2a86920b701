namespace Transactions.Simulation;

/// <summary>A deliberately broken variant of the protocol: which rule is left out, and where.</summary>
internal sealed record Mutant(string Name, Coordinator.Mutation Coordinator, Participant.Mutation Participant)
{
    public static Mutant None { get; } = new("None", default, default);

    /// <summary>Every mutant that the machines know.</summary>
    public static IReadOnlyList<Mutant> All { get; } =
    [
        .. Enum.GetValues<Coordinator.Mutation>()
            .Where(m => m != default)
            .Select(m => new Mutant($"Coordinator.{m}", m, default)),
        .. Enum.GetValues<Participant.Mutation>()
            .Where(m => m != default)
            .Select(m => new Mutant($"Participant.{m}", default, m)),
    ];

    public static Mutant? Find(string name) => All.FirstOrDefault(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
        || m.Name.EndsWith("." + name, StringComparison.OrdinalIgnoreCase));

    public override string ToString() => Name;
}
