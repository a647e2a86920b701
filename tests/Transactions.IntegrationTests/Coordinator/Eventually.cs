using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Waits for what becomes true by itself.</summary>
public static class Eventually
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits, and fails when it takes too long.</summary>
    public static async Task IsTrueAsync(Func<Task<bool>> condition, Func<string> complaint)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(startedAt) > Longest)
            {
                Assert.Fail(complaint());
            }

            await Task.Delay(Pause, TimeProvider.System);
        }
    }
}
