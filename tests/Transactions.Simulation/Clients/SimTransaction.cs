using System.Collections.Immutable;
using NodaTime;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>One run of a transaction at a client: numbers its operations, gathers what Commit names, and learns how it ended.</summary>
internal sealed partial class SimTransaction(
    SimClient client, TransactionContext context, TransactionFacts facts, RecordedTransaction recorded)
{
    // Another place for operations that nobody counts.
    private readonly long _otherScope = client.Random.NextLong();
    private long _lastUncounted;

    public TransactionContext Context { get; } = context;

    public CallLedger Ledger { get; } = new(client.Random.NextLong())
    {
        Mutation = client.World.Scenario.Mutant.Session,
    };

    public TransactionFacts Facts { get; } = facts;

    /// <summary>What the history says of it.</summary>
    public RecordedTransaction Recorded => recorded;

    public SimClient Client => client;

    /// <summary>Whether it is dated as it mustn't be (X1).</summary>
    public bool HasStrangeDates { get; init; }

    /// <summary>Whether an operation didn't do what was asked, so that what was done so far may be half of something.</summary>
    public bool HasFailed { get; private set; }

    private World World => client.World;

    /// <summary>Does an operation; null when it did nothing that counts, or nobody knows.</summary>
    public async Task<OperationResult?> Do(ShardId shard, Operation operation)
    {
        if (client.Random.Chance(World.Scenario.Carelessness))
        {
            await DoInvalid(shard);
        }

        OperationResult? result = client.Random.Chance(World.Scenario.Carelessness)
            ? await DoThroughService(shard, operation)
            : await TryDo(Ledger, shard, operation);
        HasFailed |= result is null;
        return result;
    }

    // X2: what is refused neither enlists nor counts; its handler may go on without it.
    private async Task DoInvalid(ShardId shard)
    {
        if (!Ledger.TryBegin(shard.Value, out CallTicket ticket, out _))
        {
            return;
        }

        World.Counters.Add(Path.RefusedAsInvalid);
        Operation invalid = new Operation.Delete(new RecordKey("no collection has spaces in its name", "k"));
        OperationNumber number = Ledger.NextOperation();
        (ShardAnswer? answer, _) = await client.Call(shard, (at, reply) => at.Operate(Context, number, invalid, reply));
        if (answer is ShardAnswer.Refused refused)
        {
            Ledger.Refused(ticket, refused.Refusal, refused.AdmittedBy);
        }
        else
        {
            Facts.HasLostACall = true;
            Ledger.OutcomeUnknown(ticket, "no answer came");
        }
    }

    // X2: a service in between has a ledger of its own, whose trailer says what it did; or it doesn't, which dooms.
    private async Task<OperationResult?> DoThroughService(ShardId shard, Operation operation)
    {
        if (!Ledger.TryBegin("a service", out CallTicket ticket, out _))
        {
            return null;
        }

        World.Counters.Add(Path.ServicesInBetween);
        CallLedger service = new(client.Random.NextLong()) { Mutation = World.Scenario.Mutant.Session };
        Task<OperationResult?> work = TryDo(service, shard, operation);
        int fault = client.Random.Next(12);
        if (fault > 2)
        {
            OperationResult? result = await work;
            Ledger.Answered(ticket, service.SealHop());
            return result;
        }

        World.Counters.Add(Path.ServicesThatDoom);
        (Facts.IsCareless, Facts.HasLostACall) = (true, true);
        switch (fault)
        {
            case 0:
                Ledger.Answered(ticket, service.SealHop());
                break;
            case 1:
                Ledger.AnsweredWithoutTrailer(ticket);
                break;
            default:
                Ledger.DisposedEarly(ticket);
                break;
        }

        return null;
    }

    private async Task<OperationResult?> TryDo(CallLedger ledger, ShardId shard, Operation operation)
    {
        if (!ledger.TryBegin(shard.Value, out CallTicket ticket, out _))
        {
            return null;
        }

        OperationNumber number = ledger.NextOperation();
        recorded.Try(shard, operation);
        for (int tries = 0; ; tries++)
        {
            (ShardAnswer? answer, bool wasDoubled) = await client.Call(shard, (at, reply) => at.Operate(Context, number, operation, reply));
            Facts.HasDoubledACall |= wasDoubled || answer is null;
            switch (answer)
            {
                case ShardAnswer.Admitted admitted:
                    ledger.Admitted(ticket, admitted.Owner, admitted.Wrote);
                    Facts.Done(admitted.Owner, operation, admitted.Result, admitted.Wrote, World);
                    recorded.Do(shard, operation, admitted.Result);
                    return admitted.Result;

                // X2: an operation whose reply was lost may be repeated under its number.
                case null when tries < 3 && client.Random.Chance(0.6):
                    World.Counters.Add(Path.RepeatedOperations);
                    break;

                case null:
                    Facts.HasLostACall = true;
                    ledger.OutcomeUnknown(ticket, "no answer came");
                    return null;

                // Not admitted: another may own the shard, or will soon.
                case ShardAnswer.Refused { AdmittedBy: null, Refusal: { Status: RefusalStatus.FailedPrecondition or RefusalStatus.Unavailable } }
                    when tries < 6:
                    await client.Delay(client.Random.Skewed(500, 100_000));
                    break;

                case ShardAnswer.Refused refused:
                    if (refused.Refusal.Status == RefusalStatus.ResourceExhausted)
                    {
                        World.Counters.Add(Path.LimitsReached);
                    }

                    ledger.Refused(ticket, refused.Refusal, refused.AdmittedBy);
                    if (refused.Refusal.Reason == RefusalReason.DeadlinePassed && client.Random.Chance(World.Scenario.Carelessness * 10))
                    {
                        // X5: whoever doesn't take the refusal for an end tries again, when a clock may say something else.
                        DoUncountedLater(shard, operation, 20_000 + (3 * World.Scenario.MostUncertainty));
                    }

                    return null;

                default:
                    throw new InvalidOperationException($"No answer to an operation: {answer}.");
            }
        }
    }

    /// <summary>Seals and commits, and asks until the outcome is known.</summary>
    public async Task<CommitStep?> Commit(string? key)
    {
        if (Ledger.SealRoot() is not RootSeal.Ready sealedSet)
        {
            return null;
        }

        IdempotencyKey? given = key is null ? null : new IdempotencyKey(client.Name, key);
        World.Observer.Sealed(Facts, Ledger.InFlight);
        ReadOnlyMemory<byte>? result = key is null ? default(ReadOnlyMemory<byte>?) : Context.Id.ToBytes();
        Facts.Commits(sealedSet.Shards, given);
        recorded.IsCommitSent = true;
        string home = Context.Coordinator.Name;
        bool isMisdirected = World.IsStormy && client.Random.Chance(0.03);
        CommitConversation conversation = new(
            isMisdirected ? client.OtherCoordinators(home).First() : home, client.Cluster.Coordinators.Select(c => c.Name))
        {
            Mutation = World.Scenario.Mutant.Session,
        };
        while (!conversation.IsOver)
        {
            await Step(conversation, sealedSet.Shards, given, result);
        }

        client.Close(this);
        StrayAboutDeadline();
        World.Observer.ClientTold(Facts, conversation.Step);
        RecordEnd(conversation.Step);
        return conversation.Step;
    }

    private void RecordEnd(CommitStep step)
    {
        switch (step)
        {
            case CommitStep.Ended { Result: { Outcome.IsCommitted: true } result } when result.Id == Context.Id:
                World.History.Ok(recorded, result.Outcome.CommitTimestamp);
                client.RememberCommitted(this);
                break;

            // Aborted, or another one committed under its key, which aborts this one (D6).
            case CommitStep.Ended:
            case CommitStep.NotTakenUp when !Facts.WasCommitDoubled:
                World.History.Fail(recorded);
                break;
            default:
                World.History.Info(recorded, Context.Id);
                break;
        }
    }

    /// <summary>Gives up.</summary>
    public async Task Abort()
    {
        client.Abandon(this);
        StrayAboutDeadline();
        (CoordinatorAnswer? answer, _) = await client.Call(Context.Coordinator.Name, call => new CoordinatorEvent.Abort(call, Context));
        if (answer is CoordinatorAnswer.Refused { Refusal.Reason: RefusalReason.OtherIncarnation })
        {
            client.ForgetCoordinator(Context.Coordinator.Name);
        }
    }

    private async Task Step(
        CommitConversation conversation, ImmutableArray<CommitShard> shards, IdempotencyKey? key, ReadOnlyMemory<byte>? result)
    {
        switch (conversation.Step)
        {
            case CommitStep.SendCommit send:
                (CoordinatorAnswer? Answer, bool WasDoubled) told = await client.Call(
                    send.Coordinator, call => new CoordinatorEvent.Commit(call, Context, shards, key, result));
                if (told.Answer is { } answer && send.Coordinator != Context.Coordinator.Name)
                {
                    World.Observer.MisdirectedCommitAnswered(Facts, send.Coordinator, answer);
                }

                Tell(conversation, told);
                break;
            case CommitStep.SendResolve send:
                World.Counters.Add(Path.Resolves);
                Tell(conversation, await client.Call(
                    send.Coordinator, call => new CoordinatorEvent.Resolve(call, Context, shards, key)));
                break;
            case CommitStep.Wait wait:
                Duration delay = client.Retries.Delay(wait.Attempt, client.Random.NextDouble());
                if (World.WillSleep && client.Random.Chance(0.3))
                {
                    await SleepUntilForgotten();
                }

                await client.Delay(delay.BclCompatibleTicks / 10);
                conversation.Waited();
                break;
            default:
                throw new InvalidOperationException($"Nothing to be done: {conversation.Step}.");
        }
    }

    /// <summary>Sleeps until all is forgotten, or until this one is about to be (D5).</summary>
    public async Task SleepUntilForgotten()
    {
        World.Counters.Add(Path.Slept);
        ProtocolLimits limits = World.Scenario.Limits;
        long until = client.Random.Chance(0.5)
            ? World.WakesAt + client.Random.Between(0, 500_000)
            : Context.Id.IssuedAt.Plus(limits.MaxLifetime).Plus(limits.Retention).Microseconds + client.Random.Between(-50_000, 500_000);

        // An id that is dated far ahead isn't waited for.
        await client.Delay(Math.Max(0, Math.Min(until, World.WakesAt + 500_000) - World.Now));
    }

    private void Tell(CommitConversation conversation, (CoordinatorAnswer? Answer, bool WasDoubled) told)
    {
        Facts.WasCommitDoubled |= told.WasDoubled;
        switch (told.Answer)
        {
            case null:
                conversation.Lost();
                break;
            case CoordinatorAnswer.Ended ended:
                conversation.Replied(new CommitResult(ended.Id, ended.Outcome, ended.Result));
                break;
            case CoordinatorAnswer.Refused refused:
                if (refused.Refusal.Reason == RefusalReason.OtherCoordinator)
                {
                    World.Counters.Add(Path.Redirects);
                }

                conversation.Refused(refused.Refusal);
                break;
            default:
                throw new InvalidOperationException($"No answer to a Commit: {told.Answer}.");
        }
    }
}
