using Grpc.Core;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client;

// Tells the ledger how one call with a context ended (X2). Only the first end counts: the ledger sees to that.
internal sealed class CallReport(CallLedger ledger, CallTicket ticket)
{
    // What throws here may have been sent by an interceptor below: nobody knows.
    public TCall Start<TCall>(Func<TCall> call)
    {
        try
        {
            return call();
        }
        catch (Exception failure)
        {
            ledger.OutcomeUnknown(ticket, failure.Message);
            throw;
        }
    }

    // Runs whether or not the caller awaits it; the ledger is told before the caller goes on.
    public async Task<TResponse> WatchAsync<TResponse>(Task<TResponse> response, Func<Metadata> trailers)
    {
        try
        {
            TResponse answer = await response.ConfigureAwait(false);
            Succeeded(trailers());
            return answer;
        }
        catch (Exception failure)
        {
            Failed(failure);
            throw;
        }
    }

    public void Succeeded(Metadata trailers)
    {
        if (ReadTrailer(trailers) is { } participation)
        {
            ledger.Answered(ticket, participation);
        }
        else
        {
            ledger.AnsweredWithoutTrailer(ticket);
        }
    }

    public void Failed(Exception failure)
    {
        if (failure is not RpcException rpc)
        {
            ledger.OutcomeUnknown(ticket, failure.Message);
        }
        else if (ReadTrailer(rpc.Trailers) is { } participation)
        {
            ledger.Answered(ticket, participation, RefusalMapping.FromRpcException(rpc));
        }
        else if (IsOfThisSide(rpc))
        {
            ledger.OutcomeUnknown(ticket, $"{rpc.StatusCode}: {rpc.Status.Detail}");
        }
        else
        {
            ledger.AnsweredWithoutTrailer(ticket);
        }
    }

    public void Dispose(IDisposable call)
    {
        ledger.DisposedEarly(ticket);
        call.Dispose();
    }

    private static Participation? ReadTrailer(Metadata trailers)
    {
        Participation? read = null;
        foreach (Metadata.Entry entry in trailers.GetAll(MetadataNames.Participants))
        {
            // Two of them are none: which one would tell the truth?
            if (read is not null || !entry.IsBinary || !ParticipationMapping.TryReadTrailer(entry.ValueBytes, out read, out _))
            {
                return null;
            }
        }

        return read;
    }

    // A connection that broke, a deadline, a cancellation: no server said this. One that did might be mended by another run, too.
    private static bool IsOfThisSide(RpcException failure) =>
        failure.Status.DebugException is not null
        || failure.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled;
}
