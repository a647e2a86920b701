using Grpc.Core;
using Grpc.Core.Interceptors;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client;

/// <summary>Lets the current transaction, or snapshot, travel with the calls of a gRPC client, and brings back what they did (X2).</summary>
/// <remarks>
/// <para>Inside of a transaction every call carries its context and must be answered with the trailer that
/// <see cref="TransactionServerInterceptor"/> writes: an answer without it dooms the transaction, as do a call whose outcome isn't
/// known and a call that is disposed before its end. Blocking calls hide their trailers and are refused.</para>
/// <para>gRPC's own retries and hedging happen below interceptors, where nobody sees them: a call with a context must have neither.
/// <see cref="TransactionPropagation"/> refuses channels of the client factory that are configured with them, and the server
/// interceptor refuses, and dooms, calls that come again. Stateless and thread-safe.</para>
/// </remarks>
public sealed class TransactionClientInterceptor : Interceptor
{
    /// <inheritdoc/>
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (Transaction.Current is { } transaction)
        {
            throw new InvalidOperationException(
                $"{context.Method.FullName} was called blocking inside of transaction {transaction.Id}: a blocking call hides the trailer "
                + "that says what it did (X2). Call its Async method, or make the call in 'using (Transaction.Suppress())'.");
        }

        return continuation(request, Snapshot.Current is { } snapshot ? WithSnapshot(context, snapshot) : context);
    }

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (Transaction.Current is not { } transaction)
        {
            return continuation(request, Snapshot.Current is { } snapshot ? WithSnapshot(context, snapshot) : context);
        }

        CallReport report = Begin(transaction, context, out ClientInterceptorContext<TRequest, TResponse> carrying);
        AsyncUnaryCall<TResponse> call = report.Start(() => continuation(request, carrying));
        return new(
            report.WatchAsync(call.ResponseAsync, call.GetTrailers),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            () => report.Dispose(call));
    }

    /// <inheritdoc/>
    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (Transaction.Current is not { } transaction)
        {
            return continuation(Snapshot.Current is { } snapshot ? WithSnapshot(context, snapshot) : context);
        }

        CallReport report = Begin(transaction, context, out ClientInterceptorContext<TRequest, TResponse> carrying);
        AsyncClientStreamingCall<TRequest, TResponse> call = report.Start(() => continuation(carrying));
        return new(
            call.RequestStream,
            report.WatchAsync(call.ResponseAsync, call.GetTrailers),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            () => report.Dispose(call));
    }

    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (Transaction.Current is not { } transaction)
        {
            return continuation(request, Snapshot.Current is { } snapshot ? WithSnapshot(context, snapshot) : context);
        }

        CallReport report = Begin(transaction, context, out ClientInterceptorContext<TRequest, TResponse> carrying);
        AsyncServerStreamingCall<TResponse> call = report.Start(() => continuation(request, carrying));
        return new(
            new ReportingReader<TResponse>(call.ResponseStream, report, call.GetTrailers),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            () => report.Dispose(call));
    }

    /// <inheritdoc/>
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (Transaction.Current is not { } transaction)
        {
            return continuation(Snapshot.Current is { } snapshot ? WithSnapshot(context, snapshot) : context);
        }

        CallReport report = Begin(transaction, context, out ClientInterceptorContext<TRequest, TResponse> carrying);
        AsyncDuplexStreamingCall<TRequest, TResponse> call = report.Start(() => continuation(carrying));
        return new(
            call.RequestStream,
            new ReportingReader<TResponse>(call.ResponseStream, report, call.GetTrailers),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            () => report.Dispose(call));
    }

    private static CallReport Begin<TRequest, TResponse>(
        Transaction transaction,
        ClientInterceptorContext<TRequest, TResponse> context,
        out ClientInterceptorContext<TRequest, TResponse> carrying)
        where TRequest : class
        where TResponse : class
    {
        carrying = With(context, MetadataNames.Context, transaction.Metadata);
        if (!transaction.Ledger.TryBegin(context.Method.FullName, out CallTicket ticket, out Refusal? refusal))
        {
            throw Failures.From(transaction.Id, refusal);
        }

        return new(transaction.Ledger, ticket);
    }

    private static ClientInterceptorContext<TRequest, TResponse> WithSnapshot<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, Snapshot snapshot)
        where TRequest : class
        where TResponse : class =>
        With(context, MetadataNames.Snapshot, snapshot.Metadata);

    // The caller's own metadata may be shared by calls: it is copied.
    private static ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, string name, byte[] value)
        where TRequest : class
        where TResponse : class
    {
        Metadata headers = [];
        foreach (Metadata.Entry entry in context.Options.Headers ?? Metadata.Empty)
        {
            if (entry.Key is MetadataNames.Context or MetadataNames.Snapshot)
            {
                throw new InvalidOperationException(
                    $"{context.Method.FullName} was called with metadata '{entry.Key}' of its own inside of a transaction or snapshot; "
                    + "leave it out, or add the interceptor once.");
            }

            headers.Add(entry);
        }

        headers.Add(name, value);
        return new(context.Method, context.Host, context.Options.WithHeaders(headers));
    }
}
