namespace Transactions.IntegrationTests.Faults;

/// <summary>How long the harness waits for what must come once nothing is broken any more.</summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until nothing is missing, and fails with what still is.</summary>
    /// <param name="what">What is waited for.</param>
    /// <param name="missing">Null when nothing is.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public static async Task UntilAsync(string what, Func<Task<string?>> missing, CancellationToken cancellationToken)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (await missing() is { } still)
        {
            if (TimeProvider.System.GetElapsedTime(startedAt) > Limit)
            {
                throw new NotEndedException($"{what}: not within {Limit.TotalSeconds} s after the last fault. {still}");
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }
}
