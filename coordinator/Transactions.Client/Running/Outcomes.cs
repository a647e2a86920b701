using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// Asks how transactions ended, without ending them.
internal sealed class Outcomes(TransactionClientOptions options, CoordinatorDirectory coordinators)
{
    public Task<CommitResult?> FindAsync(TransactionId id, CancellationToken cancellationToken) =>
        AskAsync(ClientCallMapping.ToOutcomeRequest(id), cancellationToken);

    public Task<CommitResult?> FindAsync(string key, CancellationToken cancellationToken) =>
        AskAsync(ClientCallMapping.ToOutcomeRequest(new IdempotencyKey(options.ClientId, key)), cancellationToken);

    private Task<CommitResult?> AskAsync(V1.GetOutcomeRequest request, CancellationToken cancellationToken) =>
        coordinators.AskAnyAsync(async link =>
        {
            V1.ClientReply reply = await link.AskAsync(
                new V1.ClientRequest { GetOutcome = request }, options.CallTimeout, cancellationToken);
            return OutcomeMapping.TryRead(reply.Outcome, out CommitResult? result, out Refusal? refusal)
                ? result
                : throw new TransactionRefusedException(Refusal.Unavailable(
                    RefusalReason.PeerUnavailable, $"Coordinator {link.Key} answered what can't be read: {refusal.Message}"));
        });
}
