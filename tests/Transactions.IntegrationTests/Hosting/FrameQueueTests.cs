using Google.Protobuf.WellKnownTypes;
using Transactions.Contracts;
using Transactions.Hosting;
using Xunit;

namespace Transactions.IntegrationTests.Hosting;

/// <summary>Section 7: what waits for a peer that doesn't read is bounded in number and in bytes.</summary>
[Trait("Rule", "7")]
public sealed class FrameQueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void TryAdd_Capacity_OneMoreIsRefused()
    {
        FrameQueue<StringValue> queue = new(2);

        Assert.Equal((true, true, false), (queue.TryAdd(Of(1)), queue.TryAdd(Of(1)), queue.TryAdd(Of(1))));
    }

    [Fact]
    public async Task TryAdd_Bytes_OneMoreIsRefusedUntilTheOthersAreWritten()
    {
        FrameQueue<StringValue> queue = new(100, maxBytes: 2 * Of(1000).CalculateSize());
        Assert.Equal((true, true, false), (queue.TryAdd(Of(1000)), queue.TryAdd(Of(1000)), queue.TryAdd(Of(1))));

        TaskCompletionSource written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        List<int> batches = [];
        Task draining = queue.DrainAsync(
            batch =>
            {
                batches.Add(batch.Count);
                return written.Task;
            },
            Token);
        await UntilAsync(() => batches.Count == 1);
        Assert.False(queue.TryAdd(Of(1)));

        written.SetResult();
        await UntilAsync(() => queue.TryAdd(Of(2000)));
        queue.Close();
        await draining;
        Assert.Equal([2, 1], batches);
    }

    [Fact]
    public async Task TryAdd_LargerThanAll_WaitsAlone()
    {
        FrameQueue<StringValue> queue = new(100, maxBytes: 10);
        Assert.Equal((true, false), (queue.TryAdd(Of(1000)), queue.TryAdd(Of(1))));

        await DrainAsync(queue, expected: [1]);
    }

    [Fact]
    public async Task DrainAsync_ManyAndLarge_WritesBatchesWithinAMessage()
    {
        FrameQueue<StringValue> queue = new(10_000);
        for (int i = 0; i < WireLimits.MaxFramesPerMessage + 1; i++)
        {
            Assert.True(queue.TryAdd(Of(1)));
        }

        Assert.True(queue.TryAdd(Of(WireLimits.MaxMessageBytes - 100)));
        Assert.True(queue.TryAdd(Of(200)));
        Assert.True(queue.TryAdd(Of(WireLimits.MaxMessageBytes * 2)));

        await DrainAsync(queue, expected: [WireLimits.MaxFramesPerMessage, 2, 1, 1]);
    }

    private static StringValue Of(int length) => new() { Value = new string('x', length) };

    private static async Task DrainAsync(FrameQueue<StringValue> queue, int[] expected)
    {
        queue.Close();
        List<int> batches = [];
        await queue.DrainAsync(
            batch =>
            {
                batches.Add(batch.Count);
                return Task.CompletedTask;
            },
            Token);
        Assert.Equal(expected, batches);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Token);
        }
    }
}
