namespace Transactions.Model;

/// <summary>What a client has to do next to learn how its transaction ended; see <see cref="CommitConversation"/>.</summary>
public abstract record CommitStep
{
    /// <summary>Send Commit to this coordinator.</summary>
    public sealed record SendCommit(string Coordinator) : CommitStep;

    /// <summary>Send Resolve to this coordinator, naming the whole set of the Commit, and its key (D4).</summary>
    public sealed record SendResolve(string Coordinator) : CommitStep;

    /// <summary>Wait as long as the backoff says for this attempt, then call <see cref="CommitConversation.Waited"/>.</summary>
    /// <param name="Attempt">Counts the waits, from 0.</param>
    public sealed record Wait(int Attempt) : CommitStep;

    /// <summary>The transaction has ended: committed, or aborted.</summary>
    public sealed record Ended(CommitResult Result) : CommitStep;

    /// <summary>Nothing was written and no key given: run the whole transaction again; what it read proves nothing (D4).</summary>
    public sealed record RunAgain(string Message) : CommitStep;

    /// <summary>The Commit was certainly never taken up: the transaction isn't committed. Abort it.</summary>
    public sealed record NotTakenUp(Refusal Refusal) : CommitStep;

    /// <summary>Its record is older than the retention: nobody can say any more how it ended (D5).</summary>
    public sealed record Expired(Refusal Refusal) : CommitStep;
}
