using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;

namespace Transactions.Client.Tests.Propagation;

/// <summary>What callers hear when a handler's own transaction doesn't commit: never UNKNOWN, and "aborted" only when it is.</summary>
[Trait("Rule", "7")]
public sealed class RootAnswerTests : IAsyncLifetime
{
    private World _world = null!;
    private HopService _service = null!;
    private Hop.HopClient _caller = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await World.StartAsync();
        (_service, Host host) = await _world.AddHopAsync();
        _caller = new(GrpcChannel.ForAddress(host.Address));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(AbortReason.Wounded, true)]
    [InlineData(AbortReason.DeadlinePassed, false)]
    public async Task Handler_ItsTransactionIsAborted_AbortedWithReasonAndRetry(AbortReason reason, bool mayRetry)
    {
        Assert.Equal(mayRetry, reason.MayRetry());
        _world.Home.Verdicts.Enqueue(Outcome.Aborted(reason));
        RunInHandler(new RunOptions { Retry = new() { MaxAttempts = 1 } });

        RpcException failed = await FailAsync();

        Assert.Equal(StatusCode.Aborted, failed.StatusCode);
        Refusal refusal = RefusalMapping.FromRpcException(failed)!;
        Assert.Equal((RefusalReason.TransactionEnded, reason, mayRetry), (refusal.Reason, refusal.AbortReason, refusal.MayRetry));
        Assert.Contains("is aborted", failed.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(mayRetry, failed.GetRpcStatus()!.GetDetail<RetryInfo>() is not null);
    }

    [Fact]
    public async Task Handler_ItsBodyIsRefusedForGood_ThatRefusal()
    {
        _world.Payments.Instead = (_, _) => Task.FromResult<Participant.ShardAnswer?>(
            new Participant.ShardAnswer.Refused(Refusal.Invalid("value", "value is too large")));
        RunInHandler();

        RpcException failed = await FailAsync();

        Assert.Equal(StatusCode.InvalidArgument, failed.StatusCode);
        Assert.Equal("value", RefusalMapping.FromRpcException(failed)!.Field);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Handler_ItsTransactionIsInDoubt_NeitherAbortedNorToBeRetried(bool isExpired)
    {
        using CancellationTokenSource giveUp = new();
        if (isExpired)
        {
            _world.Home.CommitRefusals.Enqueue(new(RefusalStatus.FailedPrecondition, RefusalReason.Expired, "older than the log"));
        }
        else
        {
            _world.Home.BeforeDecision = async _ =>
            {
                await giveUp.CancelAsync();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, Token);
            };
        }

        RunInHandler(giveUp: giveUp);

        RpcException failed = await FailAsync();

        Assert.Equal(StatusCode.FailedPrecondition, failed.StatusCode);
        Refusal refusal = RefusalMapping.FromRpcException(failed)!;
        Assert.Equal(isExpired ? RefusalReason.Expired : RefusalReason.OutcomePending, refusal.Reason);
        Assert.Equal((false, AbortReason.Unspecified), (refusal.MayRetry, refusal.AbortReason));
        Assert.Null(failed.GetRpcStatus()!.GetDetail<RetryInfo>());
        Assert.Contains("in doubt", failed.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("abort", failed.ToString().Split(" at ")[0], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Handler_ThrowsAnythingElse_IsLeftAsItIs()
    {
        _service.OnUnary = (_, _) => throw new RpcException(new Grpc.Core.Status(StatusCode.NotFound, "no such buyer"));

        RpcException failed = await FailAsync();

        Assert.Equal((StatusCode.NotFound, "no such buyer"), (failed.StatusCode, failed.Status.Detail));
    }

    private void RunInHandler(RunOptions? options = null, CancellationTokenSource? giveUp = null) =>
        _service.OnUnary = async (note, _) =>
        {
            await _world.Client.RunAsync(
                _ => _world.Client.Store("payments").Collection<Account>("accounts").PutAsync("ada", new("Ada", 1), Token),
                options ?? new RunOptions(),
                giveUp?.Token ?? Token);
            return note;
        };

    private Task<RpcException> FailAsync() =>
        Assert.ThrowsAsync<RpcException>(async () => await _caller.UnaryAsync(new Note(), cancellationToken: Token));
}
