using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using Grpc.Net.ClientFactory;
using Microsoft.Extensions.DependencyInjection;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Participant;
using Xunit;

namespace Transactions.Client.Tests.Propagation;

// The root calls a first service, which calls a second one, which has the shard: all over real connections.
[Trait("Rule", "X2")]
public sealed class PropagationTests : IAsyncLifetime
{
    private World _world = null!;
    private HopService _first = null!;
    private HopService _second = null!;
    private Host _secondHost = null!;
    private Hop.HopClient _toFirst = null!;
    private Hop.HopClient _toSecond = null!;
    private GrpcChannel _firstChannel = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private StoreCollection<Account> Accounts => _world.Client.Store("payments").Collection<Account>("accounts");

    public async ValueTask InitializeAsync()
    {
        _world = await World.StartAsync();
        (_first, Host firstHost) = await _world.AddHopAsync();
        (_second, _secondHost) = await _world.AddHopAsync();
        _firstChannel = GrpcChannel.ForAddress(firstHost.Address);
        _toFirst = new(_firstChannel.WithTransactionPropagation());
        _toSecond = new(GrpcChannel.ForAddress(_secondHost.Address).WithTransactionPropagation());
        _first.OnUnary = async (note, context) => await _toSecond.UnaryAsync(note, cancellationToken: context.CancellationToken);
        _second.OnUnary = async (note, _) =>
        {
            await Accounts.PutAsync(note.Text, new(note.Text, 1), CancellationToken.None);
            return note;
        };
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Unary_TwoHops_BringsBackWhatTheyDid()
    {
        Transaction? seen = null;
        HandleSecond(note =>
        {
            seen = Transaction.Current;
            return Task.CompletedTask;
        });

        CommitReceipt receipt = await _world.Client.RunAsync(
            async _ =>
            {
                await Accounts.PutAsync("root", new("root", 1), Token);
                await _toFirst.UnaryAsync(new Note { Text = "ada" }, cancellationToken: Token);
                await _toFirst.UnaryAsync(new Note { Text = "bob" }, cancellationToken: Token);
            },
            cancellationToken: Token);

        Assert.Equal(receipt.TransactionId, seen!.Id);
        Assert.True(seen.IsVerified);
        Assert.Equal(new CommitShard(new(_world.Payments.Shard, new(1)), true, 3), Assert.Single(Assert.Single(_world.Home.Commits).Shards));
        Assert.Equal(3, _world.Payments.Seen.Select(s => s.Number.Scope).Distinct().Count());
        Assert.NotNull(await Accounts.GetAsync("bob", Token));
    }

    [Fact]
    public async Task Unary_OutsideOfATransaction_CarriesNothing()
    {
        Metadata? headers = null;
        _first.OnUnary = (note, context) =>
        {
            headers = context.RequestHeaders;
            Assert.Null(Transaction.Current);
            return Task.FromResult(note);
        };

        using AsyncUnaryCall<Note> call = _toFirst.UnaryAsync(new Note(), cancellationToken: Token);
        await call;

        Assert.Null(headers!.Get(MetadataNames.Context));
        Assert.Null(call.GetTrailers().Get(MetadataNames.Participants));
    }

    [Fact]
    public async Task Unary_HandlerThrows_StillCountsWhatItDid()
    {
        HandleSecond(_ => throw new RpcException(new Status(StatusCode.NotFound, "no such buyer")));

        CommitReceipt receipt = await _world.Client.RunAsync(
            async _ =>
            {
                RpcException failed = await Assert.ThrowsAsync<RpcException>(() => CallFirstAsync("ada"));
                Assert.Equal(StatusCode.NotFound, failed.StatusCode);
            },
            cancellationToken: Token);

        // The failure came through two hops with one trailer each, and was counted once.
        Assert.Equal(1, receipt.Attempts);
        Assert.Equal(1, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
    }

    [Fact]
    public async Task Unary_HandlerThrowsAnythingElse_StillCountsWhatItDid()
    {
        HandleSecond(_ => throw new FormatException("a bug"));

        await _world.Client.RunAsync(_ => Assert.ThrowsAsync<RpcException>(() => CallFirstAsync("ada")), cancellationToken: Token);

        Assert.Equal(1, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
    }

    [Fact]
    [Trait("Rule", "X4")]
    public async Task Unary_WoundedTwoHopsAway_RunsAgainWithTheFirstPriority()
    {
        int refusals = 1;
        _world.Payments.Instead = (_, _) => Task.FromResult<ShardAnswer?>(
            refusals-- > 0 ? new ShardAnswer.Refused(Refusal.Aborted(AbortReason.Wounded, "wounded")) : null);

        CommitReceipt receipt = await _world.Client.RunAsync(_ => CallFirstAsync("ada"), cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Single(_world.Payments.Seen.Select(s => s.Context.Priority).Distinct());
        Assert.Equal(2, _world.Payments.Seen.Select(s => s.Context.Id).Distinct().Count());
    }

    [Fact]
    public async Task Unary_RefusalTwoHopsAway_ArrivesWithItsFieldAndCanBeCaught()
    {
        _world.Payments.Instead = (_, _) =>
            Task.FromResult<ShardAnswer?>(new ShardAnswer.Refused(Refusal.Invalid("value", "value is too large")));

        await _world.Client.RunAsync(
            async _ =>
            {
                RpcException failed = await Assert.ThrowsAsync<RpcException>(() => CallFirstAsync("ada"));
                Assert.Equal("value", RefusalMapping.FromRpcException(failed)!.Field);
            },
            cancellationToken: Token);

        Assert.Empty(Assert.Single(_world.Home.Commits).Shards);
    }

    [Fact]
    public async Task Unary_AnswerWithoutTrailer_Dooms()
    {
        (HopService _, Host bare) = await _world.AddHopAsync(hasInterceptor: false);
        Hop.HopClient toBare = new(GrpcChannel.ForAddress(bare.Address).WithTransactionPropagation());
        _first.OnUnary = async (note, _) => await toBare.UnaryAsync(note, cancellationToken: CancellationToken.None);

        TransactionAbortedException aborted = await RunDoomedAsync(() => CallFirstAsync("ada"));

        Assert.Contains("add the server interceptor", aborted.Message, StringComparison.Ordinal);
        Assert.False(aborted.MayRetry);
    }

    [Fact]
    public async Task Unary_HandlerReturnsWithCallsInFlight_Dooms()
    {
        TaskCompletionSource held = new();
        _second.OnUnary = async (note, context) =>
        {
            await held.Task.WaitAsync(context.CancellationToken);
            return note;
        };
        _first.OnUnary = (note, context) =>
        {
            _ = _toSecond.UnaryAsync(note, cancellationToken: CancellationToken.None);
            return Task.FromResult(note);
        };

        TransactionAbortedException aborted = await RunDoomedAsync(() => CallFirstAsync("ada"));
        held.SetResult();

        Assert.Contains("in flight: /transactions.client.tests.Hop/Unary", aborted.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unary_ConnectionBreaksTwoHopsAway_DoomsAndRunsAgain()
    {
        int calls = 0;
        Func<Note, ServerCallContext, Task<Note>> well = _second.OnUnary;
        _second.OnUnary = async (note, context) =>
        {
            Note done = await well(note, context);
            if (calls++ == 0)
            {
                context.GetHttpContext().Abort();
            }

            return done;
        };
        _first.OnUnary = async (note, _) =>
        {
            try
            {
                return await _toSecond.UnaryAsync(note, cancellationToken: CancellationToken.None);
            }
            catch (RpcException)
            {
                return note;
            }
        };

        CommitReceipt receipt = await _world.Client.RunAsync(_ => CallFirstAsync("ada"), cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Single(_world.Home.Commits);
    }

    [Fact]
    public async Task Unary_CallerGivesUpWaiting_Dooms()
    {
        TaskCompletionSource held = new();
        int calls = 0;
        _second.OnUnary = async (note, context) =>
        {
            if (calls++ == 0)
            {
                await held.Task.WaitAsync(context.CancellationToken);
            }

            return note;
        };
        _first.OnUnary = async (note, _) =>
        {
            try
            {
                return await _toSecond.UnaryAsync(
                    note, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(calls == 0 ? 300 : 60_000));
            }
            catch (RpcException)
            {
                return note;
            }
        };

        CommitReceipt receipt = await _world.Client.RunAsync(_ => CallFirstAsync("ada"), cancellationToken: Token);
        held.SetResult();

        Assert.Equal(2, receipt.Attempts);
    }

    [Fact]
    public async Task Unary_DisposedBeforeItsAnswer_Dooms()
    {
        TaskCompletionSource held = new();
        _second.OnUnary = async (note, context) =>
        {
            await held.Task.WaitAsync(context.CancellationToken);
            return note;
        };
        _first.OnUnary = (note, _) =>
        {
            _toSecond.UnaryAsync(note, cancellationToken: CancellationToken.None).Dispose();
            return Task.FromResult(note);
        };

        TransactionAbortedException aborted = await RunDoomedAsync(() => CallFirstAsync("ada"));
        held.SetResult();

        Assert.Contains("disposed", aborted.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blocking_InATransaction_IsRefusedBeforeItIsSent()
    {
        InvalidOperationException? refused = null;
        _first.OnUnary = (note, _) =>
        {
            refused = Assert.Throws<InvalidOperationException>(() => _toSecond.Unary(note, cancellationToken: CancellationToken.None));
            return Task.FromResult(note);
        };

        CommitReceipt receipt = await _world.Client.RunAsync(_ => CallFirstAsync("ada"), cancellationToken: Token);

        Assert.Contains("Async method", refused!.Message, StringComparison.Ordinal);
        Assert.Equal(1, receipt.Attempts);
        Assert.Empty(_world.Payments.Seen);
    }

    [Fact]
    public async Task ServerStream_ReadToItsEnd_BringsBackWhatItDid()
    {
        StreamThree();

        await _world.Client.RunAsync(
            async _ =>
            {
                using AsyncServerStreamingCall<Note> call = _toFirst.ServerStream(new Note { Text = "ada" }, cancellationToken: Token);
                List<string> read = [];
                await foreach (Note note in call.ResponseStream.ReadAllAsync(Token))
                {
                    read.Add(note.Text);
                }

                Assert.Equal(["ada0", "ada1", "ada2"], read);
            },
            cancellationToken: Token);

        Assert.Equal(3, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
    }

    [Fact]
    public async Task ServerStream_DisposedEarly_Dooms()
    {
        StreamThree();

        TransactionAbortedException aborted = await RunDoomedAsync(async () =>
        {
            using AsyncServerStreamingCall<Note> call = _toFirst.ServerStream(new Note { Text = "ada" }, cancellationToken: Token);
            Assert.True(await call.ResponseStream.MoveNext(Token));
        });

        Assert.Contains("read streams to their end", aborted.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerStream_FailsOnItsWay_StillCountsWhatItDid()
    {
        _first.OnServerStream = async (note, stream, _) =>
        {
            await Accounts.PutAsync(note.Text, new(note.Text, 1), CancellationToken.None);
            await stream.WriteAsync(note);
            throw new RpcException(new Status(StatusCode.DataLoss, "half"));
        };

        await _world.Client.RunAsync(
            async _ =>
            {
                using AsyncServerStreamingCall<Note> call = _toFirst.ServerStream(new Note { Text = "ada" }, cancellationToken: Token);
                Assert.True(await call.ResponseStream.MoveNext(Token));
                await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Token));
            },
            cancellationToken: Token);

        Assert.Equal(1, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
    }

    [Fact]
    public async Task ClientStream_Answered_BringsBackWhatItDid()
    {
        _first.OnClientStream = async (stream, _) =>
        {
            await foreach (Note note in stream.ReadAllAsync())
            {
                await Accounts.PutAsync(note.Text, new(note.Text, 1), CancellationToken.None);
            }

            return new();
        };

        await _world.Client.RunAsync(
            async _ =>
            {
                using AsyncClientStreamingCall<Note, Note> call = _toFirst.ClientStream(cancellationToken: Token);
                await call.RequestStream.WriteAsync(new() { Text = "ada" }, Token);
                await call.RequestStream.WriteAsync(new() { Text = "bob" }, Token);
                await call.RequestStream.CompleteAsync();
                await call;
            },
            cancellationToken: Token);

        Assert.Equal(2, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Duplex_ReadToItsEndOrNot_CountsOrDooms(bool toItsEnd)
    {
        _first.OnDuplex = async (requests, replies, _) =>
        {
            await foreach (Note note in requests.ReadAllAsync())
            {
                await Accounts.PutAsync(note.Text, new(note.Text, 1), CancellationToken.None);
                await replies.WriteAsync(note);
            }
        };
        async Task Body(Transaction transaction)
        {
            using AsyncDuplexStreamingCall<Note, Note> call = _toFirst.Duplex(cancellationToken: Token);
            await call.RequestStream.WriteAsync(new() { Text = "ada" }, Token);
            Assert.True(await call.ResponseStream.MoveNext(Token));
            if (toItsEnd)
            {
                await call.RequestStream.CompleteAsync();
                Assert.False(await call.ResponseStream.MoveNext(Token));
            }
        }

        if (toItsEnd)
        {
            await _world.Client.RunAsync(Body, cancellationToken: Token);
            Assert.Equal(1, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
        }
        else
        {
            Assert.False((await RunDoomedAsync(() => Body(null!))).MayRetry);
        }
    }

    [Fact]
    public async Task Root_CallLeftInFlight_DoesNotCommit()
    {
        TaskCompletionSource held = new();
        _first.OnUnary = async (note, context) =>
        {
            await held.Task.WaitAsync(context.CancellationToken);
            return note;
        };

        await Assert.ThrowsAsync<InvalidOperationException>(() => _world.Client.RunAsync(
            transaction =>
            {
                _ = _toFirst.UnaryAsync(new Note(), cancellationToken: Token);
                return Task.CompletedTask;
            },
            cancellationToken: Token));
        held.SetResult();

        Assert.Empty(_world.Home.Commits);
    }

    [Fact]
    public async Task Call_AfterTheHandlerReturned_IsRefused()
    {
        Transaction? kept = null;
        _first.OnUnary = (note, _) =>
        {
            kept = Transaction.Current;
            return Task.FromResult(note);
        };

        await _world.Client.RunAsync(_ => CallFirstAsync("ada"), cancellationToken: Token);

        var late = await Assert.ThrowsAsync<TransactionRefusedException>(
            () => _world.Client.Store("payments", kept!).Collection<Account>("accounts").PutAsync("ada", new("ada", 1), Token));
        Assert.Equal(RefusalReason.TransactionSealed, late.Refusal.Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_SentAgainByGrpc_IsRefusedAndDooms(bool isHedged)
    {
        int calls = 0;
        _first.OnUnary = async (note, context) =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(isHedged ? 300 : 0), TimeProvider.System, context.CancellationToken);
                throw new RpcException(new Status(StatusCode.Unavailable, "try again"));
            }

            return note;
        };
        MethodConfig method = new() { Names = { MethodName.Default } };
        if (isHedged)
        {
            method.HedgingPolicy = new() { MaxAttempts = 3, HedgingDelay = TimeSpan.FromMilliseconds(20) };
        }
        else
        {
            method.RetryPolicy = new()
            {
                MaxAttempts = 3,
                InitialBackoff = TimeSpan.FromMilliseconds(1),
                MaxBackoff = TimeSpan.FromMilliseconds(1),
                BackoffMultiplier = 1,
                RetryableStatusCodes = { StatusCode.Unavailable },
            };
        }

        using GrpcChannel retrying = GrpcChannel.ForAddress(
            _firstChannel.Target.Contains("://", StringComparison.Ordinal) ? _firstChannel.Target : $"http://{_firstChannel.Target}",
            new GrpcChannelOptions { ServiceConfig = new() { MethodConfigs = { method } } });
        Hop.HopClient client = new(retrying.WithTransactionPropagation());

        TransactionAbortedException aborted = await RunDoomedAsync(async () =>
        {
            try
            {
                await client.UnaryAsync(new Note(), cancellationToken: Token);
            }
            catch (RpcException)
            {
                // The transaction is lost even to a body that goes on.
            }
        });

        Assert.Contains("sent again by gRPC", aborted.Message, StringComparison.Ordinal);
        Assert.Equal(1, calls);
    }

    [Fact]
    public void ClientFactory_ChannelWithRetries_IsRefused()
    {
        ServiceCollection services = new();
        services.AddGrpcClient<Hop.HopClient>(o => o.Address = _secondHost.Address)
            .AddTransactionPropagation()
            .ConfigureChannel(channel => channel.ServiceConfig = new()
            {
                MethodConfigs = { new MethodConfig { Names = { MethodName.Default }, HedgingPolicy = new() { MaxAttempts = 2 } } },
            });
        using ServiceProvider provider = services.BuildServiceProvider();

        var refused = Assert.Throws<InvalidOperationException>(provider.GetRequiredService<Hop.HopClient>);

        Assert.Contains("HedgingPolicy", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClientFactory_Client_CarriesTheTransaction()
    {
        ServiceCollection services = new();
        services.AddGrpcClient<Hop.HopClient>(o => o.Address = _secondHost.Address).AddTransactionPropagation();
        await using ServiceProvider provider = services.BuildServiceProvider();

        await _world.Client.RunAsync(
            async _ => await provider.GetRequiredService<Hop.HopClient>().UnaryAsync(new Note { Text = "ada" }, cancellationToken: Token),
            cancellationToken: Token);

        Assert.Equal(1, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Gateway_WithoutTheSecret_PassesTheContextOnUnverified()
    {
        (HopService gateway, Host host) = await _world.AddHopAsync(holdsSecret: false);
        Transaction? seen = null;
        gateway.OnUnary = async (note, _) =>
        {
            seen = Transaction.Current;
            return await _toSecond.UnaryAsync(note, cancellationToken: CancellationToken.None);
        };
        Hop.HopClient toGateway = new(GrpcChannel.ForAddress(host.Address).WithTransactionPropagation());

        RunResult<Note> receipt = await _world.Client.RunAsync(
            async _ => await toGateway.UnaryAsync(new Note { Text = "ada" }, cancellationToken: Token), cancellationToken: Token);

        Assert.False(seen!.IsVerified);
        Assert.Equal(receipt.TransactionId, seen.Id);
        Assert.Equal(1, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
    }

    [Theory]
    [InlineData("forged", StatusCode.Unauthenticated)]
    [InlineData("garbage", StatusCode.InvalidArgument)]
    [InlineData("oversized", StatusCode.InvalidArgument)]
    [InlineData("twice", StatusCode.InvalidArgument)]
    [InlineData("both", StatusCode.InvalidArgument)]
    [Trait("Rule", "X1")]
    public async Task Context_Bad_IsRefusedBeforeTheHandler(string fault, StatusCode expected)
    {
        await using RootTransaction transaction = await _world.Client.BeginAsync(cancellationToken: Token);
        byte[] forged = transaction.Signed.ToByteArray();
        forged[^1] ^= 1;
        Metadata headers = fault switch
        {
            "forged" => new() { { MetadataNames.Context, forged } },
            "garbage" => new() { { MetadataNames.Context, [0xFF, 0xFF, 0xFF] } },
            "oversized" => new() { { MetadataNames.Context, new byte[2_000] } },
            "twice" => new()
            {
                { MetadataNames.Context, transaction.Signed.ToByteArray() }, { MetadataNames.Context, transaction.Signed.ToByteArray() },
            },
            _ => new()
            {
                { MetadataNames.Context, transaction.Signed.ToByteArray() }, { MetadataNames.Snapshot, [9, 1, 0, 0, 0, 0, 0, 0, 0] },
            },
        };
        bool wasHandled = false;
        _first.OnUnary = (note, _) =>
        {
            wasHandled = true;
            return Task.FromResult(note);
        };

        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            async () => await new Hop.HopClient(_firstChannel).UnaryAsync(new Note(), headers, cancellationToken: Token));

        Assert.Equal(expected, refused.StatusCode);
        Assert.NotNull(RefusalMapping.FromRpcException(refused)!.Field);
        Assert.NotNull(refused.Trailers.Get(MetadataNames.Participants));
        Assert.False(wasHandled);
    }

    [Fact]
    [Trait("Rule", "S1")]
    public async Task Snapshot_Current_TravelsThroughTwoHops()
    {
        await _world.Client.RunAsync(_ => CallFirstAsync("ada"), cancellationToken: Token);
        Snapshot snapshot = await _world.Client.SnapshotAsync(cancellationToken: Token);
        Account? read = null;
        _second.OnUnary = async (note, _) =>
        {
            Assert.Null(Transaction.Current);
            read = await Snapshot.Current!.Store("payments").Collection<Account>("accounts").GetAsync(note.Text, CancellationToken.None);
            Assert.Equal(read, await Accounts.GetAsync(note.Text, CancellationToken.None));
            await Assert.ThrowsAsync<InvalidOperationException>(() => Accounts.DeleteAsync(note.Text, CancellationToken.None));
            return note;
        };

        using (snapshot.Use())
        {
            await CallFirstAsync("ada");
        }

        Assert.Equal(new("ada", 1), read);
        Assert.Equal([snapshot.ReadTimestamp, snapshot.ReadTimestamp], _world.Payments.ReadsAt);
    }

    private async Task CallFirstAsync(string text) => await _toFirst.UnaryAsync(new Note { Text = text }, cancellationToken: Token);

    // The body ends well, and the transaction must not commit all the same.
    private async Task<TransactionAbortedException> RunDoomedAsync(Func<Task> body)
    {
        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => _world.Client.RunAsync(_ => body(), cancellationToken: Token));
        Assert.Empty(_world.Home.Commits);
        Assert.NotEmpty(_world.Home.Aborts);
        return aborted;
    }

    private void HandleSecond(Func<Note, Task> also)
    {
        Func<Note, ServerCallContext, Task<Note>> well = _second.OnUnary;
        _second.OnUnary = async (note, context) =>
        {
            Note done = await well(note, context);
            await also(note);
            return done;
        };
    }

    private void StreamThree() => _first.OnServerStream = async (note, stream, _) =>
    {
        for (int i = 0; i < 3; i++)
        {
            await Accounts.PutAsync($"{note.Text}{i}", new(note.Text, i), CancellationToken.None);
            await stream.WriteAsync(new() { Text = $"{note.Text}{i}" });
        }
    };
}
