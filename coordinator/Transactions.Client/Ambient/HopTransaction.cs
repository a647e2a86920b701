using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// A transaction in a service that it called.
internal sealed class HopTransaction(
    TransactionContext context, V1.SignedContext signed, bool isVerified, CancellationToken callCancelled)
    : Transaction(context, signed, isVerified)
{
    public override CancellationToken CancellationToken => callCancelled;
}
