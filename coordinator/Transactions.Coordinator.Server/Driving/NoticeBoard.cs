using Transactions.Coordinator.Server.Telemetry;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Driving;

// The machine's notices, for people: logged and counted.
internal sealed class NoticeBoard(ILogger logger, CoordinatorMetrics metrics, LogState log, TimeProvider timeProvider)
{
    // When a participant is gone for long, thousands of outcomes wait for it: one line now and then says it.
    private static readonly TimeSpan UndeliveredLogInterval = TimeSpan.FromSeconds(10);

    private long? _undeliveredLoggedAt;

    public void Post(CoordinatorNotice notice)
    {
        switch (notice)
        {
            case CoordinatorNotice.Decided decided:
                OnDecided(decided);
                break;
            case CoordinatorNotice.RecordingAmbiguous ambiguous:
                Log.RecordingAmbiguous(logger, ambiguous.Transactions);
                break;
            case CoordinatorNotice.LogUnavailable unavailable:
                log.Lost($"{unavailable.Waiting} decisions wait for it");
                break;
            case CoordinatorNotice.OutcomeUndelivered undelivered:
                OnUndelivered(undelivered);
                break;
            case CoordinatorNotice.ClockChanged { IsHealthy: true }:
                Log.ClockIsHealthyAgain(logger);
                break;
            case CoordinatorNotice.ClockChanged unhealthy:
                Log.ClockIsUnhealthy(logger, unhealthy.Message);
                break;
            default:
                throw new BrokenInvariantException($"every notice reaches people, {notice.GetType().Name} too");
        }
    }

    private void OnDecided(CoordinatorNotice.Decided decided)
    {
        metrics.Decided(decided.Outcome);
        if (logger.IsEnabled(LogLevel.Debug))
        {
            Log.Decided(logger, decided.Id, decided.Outcome, decided.Shards);
        }
    }

    private void OnUndelivered(CoordinatorNotice.OutcomeUndelivered undelivered)
    {
        metrics.OutcomeUndelivered(undelivered.Shard);
        if (_undeliveredLoggedAt is not { } last || timeProvider.GetElapsedTime(last) >= UndeliveredLogInterval)
        {
            _undeliveredLoggedAt = timeProvider.GetTimestamp();
            Log.OutcomeUndelivered(logger, undelivered.Id, undelivered.Shard);
        }
    }
}
