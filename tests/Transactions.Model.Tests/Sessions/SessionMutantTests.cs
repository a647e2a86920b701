using Xunit;

namespace Transactions.Model.Tests;

/// <summary>Each broken variant of the client's rules lets a transaction go on that mustn't.</summary>
public sealed class SessionMutantTests
{
    private static readonly CommitShard Work = new(new ShardGeneration(ShardId.Parse("payments/0"), new Generation(3)), true, 1);

    public static TheoryData<string> Mutations => [.. Enum.GetNames<SessionMutation>().Where(n => n != nameof(SessionMutation.None))];

    [Theory]
    [Trait("Rule", "X2")]
    [Trait("Rule", "D4")]
    [MemberData(nameof(Mutations))]
    public void Mutation_OfTheSession_IsCaught(string name)
    {
        SessionMutation mutation = Enum.Parse<SessionMutation>(name);

        Assert.False(GoesOn(mutation, SessionMutation.None));
        Assert.True(GoesOn(mutation, mutation));
    }

    // Whether the transaction would be committed, or given up, in the history in which the rule of a mutation says otherwise.
    private static bool GoesOn(SessionMutation history, SessionMutation mutation)
    {
        CallLedger root = new(scope: 1) { Mutation = mutation };
        Assert.True(root.TryBegin("call", out CallTicket call, out _));
        switch (history)
        {
            case SessionMutation.TrailerlessIsFine:
                root.AnsweredWithoutTrailer(call);
                return root.SealRoot() is RootSeal.Ready;

            case SessionMutation.DisposedEarlyIsFine:
                root.DisposedEarly(call);
                return root.SealRoot() is RootSeal.Ready;

            case SessionMutation.UnknownIsHarmless:
                root.OutcomeUnknown(call, "the connection broke");
                return root.SealRoot() is RootSeal.Ready;

            case SessionMutation.RootSealsInFlight:
                return root.SealRoot() is RootSeal.Ready;

            case SessionMutation.HopSealsInFlight:
                // The hop's own call writes after its trailer was sent: the root names less than was done.
                CallLedger hop = new(scope: 2) { Mutation = mutation };
                Assert.True(hop.TryBegin("below", out CallTicket below, out _));
                root.Answered(call, hop.SealHop());
                hop.Answered(below, new Participation([Work], null));
                return root.SealRoot() is RootSeal.Ready { Shards: [] };

            case SessionMutation.LostCommitIsAborted:
                CommitConversation conversation = new("c1", ["c2"]) { Mutation = mutation };
                conversation.Lost();
                return conversation.IsOver;

            case SessionMutation.None:
                break;
        }

        throw new ArgumentOutOfRangeException(nameof(history), history, "No history shows it.");
    }
}
