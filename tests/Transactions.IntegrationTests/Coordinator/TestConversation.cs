using System.Collections.Concurrent;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>A client's half of Converse, which says what a test wants.</summary>
public sealed class TestConversation : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly AsyncDuplexStreamingCall<V1.ClientRequests, V1.ClientReplies> _call;
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<V1.ClientReply>> _asked = new();
    private Task _reading = Task.CompletedTask;
    private ulong _last;

    private TestConversation(AsyncDuplexStreamingCall<V1.ClientRequests, V1.ClientReplies> call) => _call = call;

    /// <summary>Who answered.</summary>
    public V1.ClientStreamWelcome Welcome { get; private set; } = null!;

    /// <summary>How many replies each message brought.</summary>
    public ConcurrentQueue<int> BatchSizes { get; } = new();

    /// <summary>The end of the stream: a status, or nothing.</summary>
    public Task Ended => _reading.WaitAsync(Patience, TimeProvider.System);

    /// <summary>An honest client's Hello, to be spoiled.</summary>
    public static V1.ClientStreamHello Hello() => ClientHandshake.IntroduceOnStream(TestCluster.Name, "shop");

    /// <summary>Opens a stream and waits for the coordinator's Hello; a refusal is thrown.</summary>
    public static async Task<TestConversation> OpenAsync(
        V1.Coordinator.CoordinatorClient coordinator, V1.ClientStreamHello? hello = null, Func<TestConversation, V1.ClientRequest>? along = null)
    {
        TestConversation conversation = new(coordinator.Converse());
        V1.ClientRequests first = new() { Hello = hello ?? Hello() };
        if (along is not null)
        {
            first.Requests.Add(along(conversation));
        }

        await conversation.SendAsync(first);
        await conversation.StartAsync();
        return conversation;
    }

    /// <summary>Asks, and waits for the reply; fails when the stream ends first.</summary>
    public async Task<V1.ClientReply> AskAsync(V1.ClientRequest request) => await (await AskAllAsync(request))[0];

    /// <summary>Asks in one message; each reply comes when it does.</summary>
    public async Task<Task<V1.ClientReply>[]> AskAllAsync(params V1.ClientRequest[] requests)
    {
        Task<V1.ClientReply>[] replies = [.. requests.Select(Expect)];
        await SendAsync(new V1.ClientRequests { Requests = { requests } });
        return replies;
    }

    /// <summary>Numbers a request that will be sent.</summary>
    public Task<V1.ClientReply> Expect(V1.ClientRequest request)
    {
        request.Correlation = ++_last;
        TaskCompletionSource<V1.ClientReply> reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[request.Correlation] = reply;
        return reply.Task.WaitAsync(Patience, TimeProvider.System);
    }

    /// <summary>Sends a message as it is. One that has ended takes nothing more; <see cref="Ended"/> says why.</summary>
    public async Task SendAsync(V1.ClientRequests message)
    {
        try
        {
            await _call.RequestStream.WriteAsync(message);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
        }
    }

    /// <summary>Ends this side.</summary>
    public Task CompleteAsync() => _call.RequestStream.CompleteAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _reading.ContinueWith(
            ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task StartAsync()
    {
        Assert.True(await _call.ResponseStream.MoveNext());
        Welcome = _call.ResponseStream.Current.Hello;
        Assert.Empty(_call.ResponseStream.Current.Replies);
        _reading = ReadAsync();
    }

    private async Task ReadAsync()
    {
        Exception? why = null;
        try
        {
            while (await _call.ResponseStream.MoveNext())
            {
                BatchSizes.Enqueue(_call.ResponseStream.Current.Replies.Count);
                foreach (V1.ClientReply reply in _call.ResponseStream.Current.Replies)
                {
                    // Twice would be one too many.
                    Assert.True(_asked.TryRemove(reply.Correlation, out TaskCompletionSource<V1.ClientReply>? asked), reply.ToString());
                    asked.SetResult(reply);
                }
            }
        }
        catch (Exception failure)
        {
            why = failure;
            throw;
        }
        finally
        {
            foreach (TaskCompletionSource<V1.ClientReply> asked in _asked.Values)
            {
                asked.TrySetException(new IOException($"The stream ended without a reply: {why?.Message}", why));
            }
        }
    }
}
