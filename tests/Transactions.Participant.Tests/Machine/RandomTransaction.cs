using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>One transaction of a random history, as its client and its coordinator see it.</summary>
internal sealed class RandomTransaction(TransactionContext context)
{
    public TransactionContext Context { get; } = context;

    public TransactionId Id => Context.Id;

    public List<(Operation Operation, ShardAnswer? Answer)> Operations { get; } = [];

    public bool AllAnswered => Operations.TrueForAll(operation => operation.Answer is not null);

    /// <summary>Refused, failed, or served by two owners: it can only be aborted.</summary>
    public bool IsDoomed { get; private set; }

    public bool Wrote { get; private set; }

    public Generation Generation { get; private set; }

    public bool IsSealed { get; private set; }

    public bool IsOnePhase { get; private set; }

    public Timestamp Floor { get; private set; }

    public Vote? Vote { get; private set; }

    public bool HasOutcomeFromShard { get; private set; }

    /// <summary>Somebody asked how it ended: with two phases the log says abort unless it said commit before.</summary>
    public bool IsResolved { get; set; }

    public Outcome? Decided { get; set; }

    /// <summary>Ended without being asked for a vote.</summary>
    public bool IsGivenUp { get; set; }

    public bool IsOver { get; set; }

    public int Add(Operation operation)
    {
        Operations.Add((operation, null));
        return Operations.Count - 1;
    }

    public void Seal(Timestamp floor, bool isOnePhase)
    {
        IsSealed = true;
        Floor = floor;
        IsOnePhase = isOnePhase && !IsDoomed;
    }

    public void Answered(int number, ShardAnswer answer)
    {
        ShardAnswer? known = Operations[number].Answer;
        Generation? generation = answer switch
        {
            ShardAnswer.Admitted admitted => admitted.Owner.Generation,
            ShardAnswer.Refused { AdmittedBy: { } owner } => owner.Generation,
            _ => null,
        };
        if (generation is null || (Generation != default && Generation != generation))
        {
            IsDoomed = IsDoomed || !IsSealed;
            Operations[number] = (Operations[number].Operation, known ?? answer);
            return;
        }

        // X2: a repeat gets the first reply, unless the transaction has ended meanwhile.
        Assert.True(
            known is null or ShardAnswer.Refused { AdmittedBy: null } || answer is ShardAnswer.Refused || Equal(known, answer), $"{known} was repeated as {answer}.");
        Generation = generation.Value;
        Operations[number] = (Operations[number].Operation, known ?? answer);
        IsDoomed |= answer is ShardAnswer.Refused && !IsSealed;
        Wrote |= answer is ShardAnswer.Admitted { Wrote: true };
    }

    public void Received(ShardFrame frame)
    {
        switch (frame)
        {
            // X7: a repeated Prepare repeats the vote. A reader may have let go of a YES meanwhile; a NO stays a NO.
            case ShardFrame.Voted voted:
                Assert.True(
                    Vote is null || Vote == voted.Vote || !voted.Vote.IsYes, $"{Name.Of(Id)} voted {Vote}, and then {voted.Vote}.");
                Assert.True(
                    voted.Vote.IsYes || Vote is not { IsYes: true } || !Wrote || Decided is not null, $"{Name.Of(Id)} took its YES back.");
                Vote ??= voted.Vote;
                break;

            // Invariant 1.
            case ShardFrame.OnePhaseEnded ended:
                Assert.True(
                    !HasOutcomeFromShard || (Decided!.Value.Kind, Decided.Value.CommitTimestamp) == (ended.Outcome.Kind, ended.Outcome.CommitTimestamp),
                    $"{Name.Of(Id)} ended {Decided}, and then {ended.Outcome}.");
                HasOutcomeFromShard = true;
                Decided ??= ended.Outcome;
                IsOver = true;
                break;

            case ShardFrame.Resolved { Resolution.Kind: ShardResolutionKind.Committed } resolved:
                Assert.True(
                    Decided is null || Decided == Outcome.Committed(resolved.Resolution.CommitTimestamp),
                    $"{Name.Of(Id)} ended {Decided}, and was resolved {resolved.Resolution}.");
                break;

            case ShardFrame.Dropped:
                IsDoomed |= !IsSealed;
                break;

            default:
                break;
        }
    }

    private static bool Equal(ShardAnswer left, ShardAnswer right) => ReferenceEquals(left, right) || left.Equals(right);
}
