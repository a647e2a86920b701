using Xunit;

namespace Transactions.Simulation.Tests;

/// <summary>Each deliberately broken variant of the protocol is noticed within a stated number of seeds.</summary>
public sealed class MutantTests
{
    private const ulong FirstSeed = 1;

    /// <summary>The mutants that the simulation catches, each with the seeds that it may take.</summary>
    public static TheoryData<string, int> Caught => new()
    {
        { "Coordinator.NoCommitWait", 10 },
        { "Coordinator.AnswerBeforeDurable", 10 },
        { "Coordinator.SealAcceptsUnnamedShard", 10 },
        { "Coordinator.AmbiguousInsertIsAbort", 40 },
        { "Coordinator.IgnoreValidUntil", 100 },
        { "Coordinator.IgnorePrepareTimestamps", 10 },
        { "Coordinator.TimeoutEndsOnePhase", 20 },
        { "Coordinator.ForgetEndedAtOnce", 10 },
        { "Coordinator.IgnoreLateEnlist", 10 },
        { "Coordinator.InDoubtIsAbort", 60 },
        { "Coordinator.ForgetReaders", 10 },
        { "Participant.ForgetServedReads", 10 },
        { "Participant.ReadPastPrepared", 10 },
        { "Participant.NoRangeLocks", 10 },
        { "Participant.RunRepeatsAgain", 10 },
        { "Participant.IgnoreOperationCount", 10 },
        { "Participant.VoteBeforePersisted", 10 },
        { "Participant.ForgetEnded", 10 },
        { "Participant.ShowOnePhaseAtOnce", 10 },
    };

    [Theory]
    [MemberData(nameof(Caught))]
    public void Mutant_WithinItsSeeds_IsCaught(string name, int seeds)
    {
        Mutant mutant = Assert.Single(Mutant.All, known => known.Name == name);
        for (ulong seed = FirstSeed; seed < FirstSeed + (ulong)seeds; seed++)
        {
            using Trace trace = new(isWritten: false);
            if (SimulationRun.Run(Scenario.FromSeed(seed, mutant), trace).Violation is not null)
            {
                return;
            }
        }

        Assert.Fail($"{name} survived {seeds} seeds.");
    }
}
