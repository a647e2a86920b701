using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Client;

// X1: begins transactions without a round trip, once a coordinator has said Hello.
internal sealed class TransactionBeginning(
    TransactionClientOptions options, CoordinatorDirectory coordinators, TransactionEnding ending, ClientClock clock)
{
    // A null priority takes the present, which makes it the youngest.
    public async Task<RootTransaction> BeginAsync(Timestamp? priority, Timestamp deadline, CancellationToken cancellationToken)
    {
        CoordinatorSession session = await coordinators.HomeAsync(cancellationToken);
        Timestamp now = clock.Now;
        TransactionId id = TransactionId.Create(now);

        // X1: deadline <= id time + maxLifetime, and the id's time has milliseconds only.
        Timestamp end = Timestamp.Min(deadline, id.IssuedAt.Plus(session.Limits.MaxLifetime));
        if (end <= now)
        {
            throw TransactionAbortedException.For(id, AbortReason.DeadlinePassed);
        }

        TransactionContext context = new(id, priority ?? now, end, session.Coordinator, options.ClientId);
        return new(context, session, ending, clock.TimeProvider, end.Since(now), cancellationToken);
    }

    public Timestamp DeadlineAfter(Duration timeout) => clock.Now.Plus(timeout);
}
