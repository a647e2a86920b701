using Grpc.Core;

namespace Transactions.Client;

// A stream of answers: its end, good or bad, is the call's.
internal sealed class ReportingReader<T>(IAsyncStreamReader<T> inner, CallReport report, Func<Metadata> trailers) : IAsyncStreamReader<T>
{
    public T Current => inner.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        try
        {
            if (await inner.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                return true;
            }

            report.Succeeded(trailers());
            return false;
        }
        catch (Exception failure)
        {
            report.Failed(failure);
            throw;
        }
    }
}
