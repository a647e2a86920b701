using Transactions.Hosting;
using Transactions.TestKit.Clocks;
using Xunit;

namespace Transactions.IntegrationTests.Hosting;

/// <summary>Section 7: requests that wait for a machine are bounded, and never hold up what its own effects bring.</summary>
public sealed class MachineLoopTests : IAsyncDisposable
{
    private readonly List<string> _handled = [];
    private readonly MachineLoop<string, string> _loop;
    private readonly Stop _stop = new();

    public MachineLoopTests() =>
        _loop = new(
            (e, _) => _handled.Add(e), static () => [], static _ => { }, new ManualClock(), _stop, capacity: 2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TryPostRequest_Full_IsFalseUntilOneIsTaken()
    {
        Assert.True(_loop.TryPostRequest("1"));
        Assert.True(_loop.TryPostRequest("2"));
        Assert.False(_loop.TryPostRequest("3"));

        _loop.Start();
        await UntilAsync(() => _loop.TryPostRequest("4"));

        await _loop.DisposeAsync();
        Assert.Equal(["1", "2", "4"], _handled);
    }

    [Fact]
    public async Task PostRequestAsync_Full_WaitsForRoomAndCanBeGivenUp()
    {
        Assert.True(_loop.TryPostRequest("1"));
        Assert.True(_loop.TryPostRequest("2"));
        using CancellationTokenSource giveUp = new();
        Task given = _loop.PostRequestAsync("given up", giveUp.Token).AsTask();
        Task waiting = _loop.PostRequestAsync("3", Token).AsTask();
        Assert.False(waiting.IsCompleted);

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        _loop.Start();
        await waiting;

        await _loop.DisposeAsync();
        Assert.Equal(["1", "2", "3"], _handled);
    }

    [Fact]
    public async Task Post_RequestsFull_IsTakenAllTheSame()
    {
        Assert.True(_loop.TryPostRequest("1"));
        Assert.True(_loop.TryPostRequest("2"));
        for (int i = 0; i < 10; i++)
        {
            _loop.Post($"result {i}");
            _loop.PostWhenDone(Task.FromResult($"effect {i}"));
        }

        Assert.Equal(22, _loop.Waiting);
        _loop.Start();
        await _loop.DisposeAsync();
        Assert.Equal(22, _handled.Count);
    }

    [Fact]
    public async Task PostRequestAsync_LoopEnds_NobodyWaitsForEver()
    {
        Assert.True(_loop.TryPostRequest("1"));
        Assert.True(_loop.TryPostRequest("2"));
        Task[] waiting = [.. Enumerable.Range(0, 5).Select(_ => _loop.PostRequestAsync("late", Token).AsTask())];
        _loop.Start();

        await _loop.DisposeAsync();

        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task WhenEffectsEndedAsync_OneUnderWay_WaitsForIt()
    {
        TaskCompletionSource<string> effect = new();
        _loop.Start();
        _loop.PostWhenDone(effect.Task);
        await _loop.DisposeAsync();

        Task ended = _loop.WhenEffectsEndedAsync();
        Assert.False(ended.IsCompleted);
        effect.SetResult("too late");

        await ended;
        Assert.Empty(_handled);
        Assert.Null(_stop.Reason);
    }

    [Fact]
    public void Constructor_NoCapacity_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() =>
        new MachineLoop<string, string>((_, _) => { }, static () => [], static _ => { }, new ManualClock(), _stop, capacity: 0));

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private static Task UntilAsync(Func<bool> condition) =>
        Coordinator.Eventually.IsTrueAsync(() => Task.FromResult(condition()), () => "It doesn't happen.");

    private sealed class Stop : IProcessStop
    {
        public Exception? Reason { get; private set; }

        void IProcessStop.Stop(Exception reason) => Reason = reason;
    }
}
