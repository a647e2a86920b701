using Transactions.Model;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>A deliberately broken variant of the protocol: which rule is left out, and where.</summary>
internal sealed record Mutant(string Name)
{
    public Coordinator.Mutation Coordinator { get; init; }

    public Participant.Mutation Participant { get; init; }

    public SessionMutation Session { get; init; }

    public StoreMutation Store { get; init; }

    public static Mutant None { get; } = new("None");

    // A coordinator that believes an earlier owner's refusal does no harm among participants that don't send any.
    private static readonly Coordinator.Mutation[] Harmless = [Transactions.Coordinator.Mutation.AnyOwnerRefusesOnePhase];

    // A rule that two sides keep, each by itself: in a cluster only the breach of both shows.
    private static readonly Mutant[] OfBothSides =
    [
        new("Coordinator.AskAnyOwnerForOnePhase+Participant.AnswerForLaterOwner")
        {
            Coordinator = Transactions.Coordinator.Mutation.AskAnyOwnerForOnePhase,
            Participant = Transactions.Participant.Mutation.AnswerForLaterOwner,
        },
    ];

    /// <summary>Every mutant of the machines, of the client's session, and of the databases that a cluster can show.</summary>
    public static IReadOnlyList<Mutant> All { get; } =
    [
        .. Broken<Coordinator.Mutation>().Except([.. Harmless, .. OfBothSides.Select(m => m.Coordinator)])
            .Select(m => new Mutant($"Coordinator.{m}") { Coordinator = m }),
        .. Broken<Participant.Mutation>().Except(OfBothSides.Select(m => m.Participant))
            .Select(m => new Mutant($"Participant.{m}") { Participant = m }),
        .. OfBothSides,
        .. Broken<SessionMutation>().Select(m => new Mutant($"Session.{m}") { Session = m }),
        .. Broken<StoreMutation>().Select(m => new Mutant($"Store.{m}") { Store = m }),
    ];

    public static Mutant? Find(string name) => All.FirstOrDefault(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
        || m.Name.EndsWith("." + name, StringComparison.OrdinalIgnoreCase));

    public override string ToString() => Name;

    private static IEnumerable<T> Broken<T>()
        where T : struct, Enum => Enum.GetValues<T>().Where(m => !m.Equals(default(T)));
}
