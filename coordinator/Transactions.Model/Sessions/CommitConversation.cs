using System.Collections.Immutable;

namespace Transactions.Model;

/// <summary>
/// Leads a client from its Commit to the outcome, whatever gets lost on the way: <em>two-phase commit</em>'s far end (D4).
/// </summary>
/// <remarks>
/// Pure: the driver does each <see cref="CommitStep"/> and reports what came of it, which gives the next. It never ends in
/// "unknown": once a Commit may have been taken up, only an outcome, NOTHING_WRITTEN or EXPIRED ends it. A caller who stops
/// waiting stops calling, which ends nothing; another conversation may <see cref="Resume"/> it. Not thread-safe: one driver.
/// </remarks>
public sealed class CommitConversation
{
    // A redirect names the home coordinator; more than a few go in a circle, or to a name that isn't where it should be.
    private const int MaxRedirects = 5;

    private ImmutableArray<string> _coordinators;
    private CommitStep _step;
    private bool _mayBeTakenUp;
    private int _redirects;
    private int _waits;
    private int _asked;

    /// <summary>Makes a conversation.</summary>
    /// <param name="home">The coordinator that the context names: asked first, since the others can only end what it decides.</param>
    /// <param name="others">The cluster's other coordinators, if known.</param>
    public CommitConversation(string home, IEnumerable<string> others)
    {
        ArgumentException.ThrowIfNullOrEmpty(home);
        ArgumentNullException.ThrowIfNull(others);
        _coordinators = [home, .. others.Where(o => o != home).Distinct(StringComparer.Ordinal)];
        _step = new CommitStep.SendCommit(home);
    }

    internal SessionMutation Mutation { get; init; }

    /// <summary>What is to be done now.</summary>
    public CommitStep Step => _step;

    /// <summary>Whether the transaction's end is told, or can never be.</summary>
    public bool IsOver => _step is CommitStep.Ended or CommitStep.RunAgain or CommitStep.NotTakenUp or CommitStep.Expired;

    /// <summary>Takes up a conversation whose Commit was already sent: its first step is a Resolve.</summary>
    public static CommitConversation Resume(string home, IEnumerable<string> others)
    {
        CommitConversation conversation = new(home, others);
        conversation.Ask(0);
        return conversation;
    }

    /// <summary>The coordinator told the outcome.</summary>
    public CommitStep Replied(CommitResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        RequireSent();
        return _step = new CommitStep.Ended(result);
    }

    /// <summary>The coordinator refused, with a refusal of ours.</summary>
    public CommitStep Refused(Refusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        RequireSent();
        return _step = refusal.Reason switch
        {
            // D4: final answers. A Commit is answered so too where it is answered as a Resolve (X1).
            RefusalReason.NothingWritten => new CommitStep.RunAgain(refusal.Message),
            RefusalReason.Expired => new CommitStep.Expired(refusal),
            _ => _step is CommitStep.SendCommit ? AfterCommit(refusal) : AfterResolve(refusal),
        };
    }

    /// <summary>No answer came, or none of ours: the connection broke, timed out, was never made.</summary>
    public CommitStep Lost()
    {
        RequireSent();
        if (Mutation == SessionMutation.LostCommitIsAborted)
        {
            return _step = new CommitStep.NotTakenUp(Refusal.Unavailable(RefusalReason.Unspecified, "no answer came"));
        }

        // D4: the Commit may have arrived. The home coordinator, if it lives, is still the one that knows.
        return _step is CommitStep.SendCommit ? Ask(0) : AskNext();
    }

    /// <summary>The wait is over.</summary>
    public CommitStep Waited()
    {
        Invariant.Holds(_step is CommitStep.Wait, "only a wait ends by waiting");
        return _mayBeTakenUp ? Ask(0) : _step = new CommitStep.SendCommit(_coordinators[0]);
    }

    private CommitStep AfterCommit(Refusal refusal)
    {
        // X1: another name's coordinator did nothing with it and says whose it is.
        if (refusal.Reason == RefusalReason.OtherCoordinator && refusal.Redirect is { Length: > 0 } redirect)
        {
            return ++_redirects > MaxRedirects ? new CommitStep.NotTakenUp(refusal) : MoveTo(redirect);
        }

        return refusal.Status switch
        {
            // These change nothing, now or later: the Commit wasn't taken up, and the same one never will be.
            RefusalStatus.InvalidArgument or RefusalStatus.PermissionDenied or RefusalStatus.Unauthenticated
                => new CommitStep.NotTakenUp(refusal),

            // A queue is full for a moment, or a limit reached for good.
            RefusalStatus.ResourceExhausted => refusal.MayRetry ? Wait() : new CommitStep.NotTakenUp(refusal),

            // "Being committed" says that a Commit was taken up; what else doesn't fit now never will.
            RefusalStatus.FailedPrecondition => refusal.Reason is RefusalReason.TransactionSealed or RefusalReason.OutcomePending
                ? Ask(0)
                : new CommitStep.NotTakenUp(refusal),

            // Section 7: a status never means "aborted" by itself. X11: UNAVAILABLE may come while a shard decides.
            RefusalStatus.Aborted => Ask(0),
            RefusalStatus.Unavailable => WaitToAsk(),
            RefusalStatus.Unspecified => Ask(0),
        };
    }

    private CommitStep.SendCommit MoveTo(string home)
    {
        _coordinators = [home, .. _coordinators.Where(c => c != home)];
        return new(home);
    }

    // Whatever one coordinator refuses, another may answer; nothing but an answer ends this.
    private CommitStep AfterResolve(Refusal refusal) => refusal.Reason == RefusalReason.OutcomePending ? WaitToAsk() : AskNext();

    private CommitStep Ask(int index)
    {
        _mayBeTakenUp = true;
        _asked = index;
        return _step = new CommitStep.SendResolve(_coordinators[index]);
    }

    private CommitStep AskNext() => _asked + 1 < _coordinators.Length ? Ask(_asked + 1) : WaitToAsk();

    private CommitStep WaitToAsk()
    {
        _mayBeTakenUp = true;
        return Wait();
    }

    private CommitStep Wait() => _step = new CommitStep.Wait(_waits++);

    private void RequireSent() => Invariant.Holds(
        _step is CommitStep.SendCommit or CommitStep.SendResolve, "an answer comes to what was sent");
}
