using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Transactions.Contracts;

namespace Transactions.Client;

/// <summary>Lets a gRPC service's handlers run in the transaction, or snapshot, that their call carries (X2).</summary>
/// <remarks>
/// <para>The handler finds it in <see cref="Transaction.Current"/> or <see cref="Snapshot.Current"/>; its stores, and its clients with
/// <see cref="TransactionClientInterceptor"/>, act in it by themselves. Whatever becomes of the handler, the answer carries the trailer
/// that says what it did; calls of its own that are still in flight when it returns doom the transaction.</para>
/// <para>A process that holds the cluster's secret (a <see cref="ContextVerifier"/> among its services, as every participant has)
/// refuses a context that no client of the cluster signed. One that doesn't, such as a gateway, can't tell: it reads the context for its
/// own logs and passes it on byte for byte, and the owners of the shards verify it. <see cref="Transaction.IsVerified"/> says which.</para>
/// <para>A call that carries a context and that gRPC itself sends again (retries, hedging) is refused and dooms the transaction.
/// Thread-safe.</para>
/// <para>Out of a handler, in a transaction or the root of one, <see cref="TransactionAbortedException"/> becomes ABORTED,
/// <see cref="TransactionInDoubtException"/> FAILED_PRECONDITION (OUTCOME_PENDING or EXPIRED: not to be retried blindly),
/// <see cref="ClientClockException"/> UNAVAILABLE, and <see cref="TransactionRefusedException"/> the refusal that it is made of; the
/// <c>google.rpc</c> details say why, and whether to retry.</para>
/// </remarks>
/// <param name="services">Where the verifier, the client and the logger are, as far as there are any.</param>
public sealed class TransactionServerInterceptor(IServiceProvider services) : Interceptor
{
    private readonly ContextVerifier? _verifier = services.GetService<ContextVerifier>();
    private readonly TransactionClient? _client = services.GetService<TransactionClient>();
    private readonly ILogger _logger =
        services.GetService<ILoggerFactory>()?.CreateLogger<TransactionServerInterceptor>() ?? NullLogger<TransactionServerInterceptor>.Instance;

    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(continuation);
        return ServeAsync(context, () => continuation(request, context));
    }

    /// <inheritdoc/>
    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(continuation);
        return ServeAsync(context, () => continuation(requestStream, context));
    }

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(continuation);
        return ServeAsync(context, () => WithResult(continuation(request, responseStream, context)));
    }

    /// <inheritdoc/>
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(continuation);
        return ServeAsync(context, () => WithResult(continuation(requestStream, responseStream, context)));
    }

    private Task<T> ServeAsync<T>(ServerCallContext context, Func<Task<T>> handler) =>
        IncomingCall.IsOwnService(context) ? handler()
        : IncomingCall.HasNothing(context) ? ServeRootAsync(handler)
        : ServeCarriedAsync(context, handler);

    // The handler may run transactions of its own, and end by what ended them.
    private static async Task<T> ServeRootAsync<T>(Func<Task<T>> handler)
    {
        try
        {
            return await handler();
        }
        catch (Exception failure) when (Failures.ToAnswer(failure) is { } answer)
        {
            throw answer;
        }
    }

    private async Task<T> ServeCarriedAsync<T>(ServerCallContext context, Func<Task<T>> handler)
    {
        IncomingCall call = IncomingCall.Read(context, _verifier, _client);
        if (call.Refusal is { } refusal)
        {
            call.WriteTrailer();
            Log.ContextRefused(_logger, context.Method, refusal.Message);
            throw RefusalMapping.ToRpcException(refusal);
        }

        try
        {
            using (call.Enter())
            {
                return await handler();
            }
        }
        catch (Exception failure) when (call.Translate(failure) is { } translated)
        {
            throw translated;
        }
        finally
        {
            call.WriteTrailer();
        }
    }

    private static async Task<bool> WithResult(Task handler)
    {
        await handler;
        return true;
    }
}
