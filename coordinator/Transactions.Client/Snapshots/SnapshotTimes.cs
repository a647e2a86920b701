using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// S1: chooses one read timestamp for all shards.
internal sealed class SnapshotTimes(TransactionClientOptions options, CoordinatorDirectory coordinators, ClientClock clock)
{
    private volatile Bounds? _bounds;

    public async ValueTask<Timestamp> ChooseAsync(SnapshotOptions snapshot, CancellationToken cancellationToken) => snapshot switch
    {
        SnapshotOptions.ExactRead exact => exact.Timestamp,
        SnapshotOptions.StrongRead => (await AskAsync(cancellationToken)).Given,
        SnapshotOptions.StaleRead stale => await GoBackAsync(stale.Staleness, cancellationToken),
        _ => throw new InvalidOperationException($"No such snapshot: {snapshot}."),
    };

    // Never older than asked: the present isn't after Latest, which only grows with the time that passed since.
    private async ValueTask<Timestamp> GoBackAsync(Duration staleness, CancellationToken cancellationToken)
    {
        if (_bounds is not { } bounds || !bounds.IsFresh(clock))
        {
            bounds = await AskAsync(cancellationToken);
        }

        Timestamp at = bounds.LatestNow(clock).Minus(staleness);
        return at > Timestamp.Zero
            ? at
            : throw new ArgumentOutOfRangeException(nameof(staleness), staleness, "It reaches back beyond 1970; give less.");
    }

    private async Task<Bounds> AskAsync(CancellationToken cancellationToken)
    {
        Bounds bounds = await coordinators.AskAnyAsync(async link =>
        {
            long askedAt = clock.Monotonic;
            V1.ClientReply reply = await link.AskAsync(
                new V1.ClientRequest { GetTimestamp = new() }, options.CallTimeout, cancellationToken);
            return ClientCallMapping.TryRead(reply.Timestamp, out Timestamp timestamp, out ClockInterval interval, out Refusal? refusal)
                ? new Bounds(timestamp, interval.Latest, askedAt)
                : throw new TransactionRefusedException(Refusal.Unavailable(
                    RefusalReason.PeerUnavailable, $"Coordinator {link.Key} answered what can't be read: {refusal.Message}"));
        });
        _bounds = bounds;
        return bounds;
    }

    private sealed record Bounds(Timestamp Given, Timestamp Latest, long AskedAt)
    {
        // Oscillators drift by some 200 ppm; five times as much is allowed for.
        private const double Drift = 0.001;

        private static readonly Duration MaxAge = Duration.FromSeconds(10);

        public bool IsFresh(ClientClock clock) => clock.Since(AskedAt) <= MaxAge;

        public Timestamp LatestNow(ClientClock clock) => Latest.Plus(clock.Since(AskedAt) * (1 + Drift));
    }
}
