using Grpc.Core;
using Transactions.Client;

namespace Shop.Payments;

/// <summary>Each call acts in its caller's transaction.</summary>
public sealed class PaymentsService(IStore store) : Payments.PaymentsBase
{
    public override async Task<OpenReply> Open(OpenRequest request, ServerCallContext context)
    {
        await Accounts.InsertIfAbsentAsync(request.Account, new Account(request.BalanceCents), context.CancellationToken);
        return new OpenReply();
    }

    public override async Task<ChargeReply> Charge(ChargeRequest request, ServerCallContext context)
    {
        Account account = await Accounts.GetForUpdateAsync(request.Account, context.CancellationToken)
            ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no account {request.Account}."));
        if (account.BalanceCents < request.AmountCents)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "insufficient funds"));
        }

        Account charged = account with { BalanceCents = account.BalanceCents - request.AmountCents };
        await Accounts.PutAsync(request.Account, charged, context.CancellationToken);
        return new ChargeReply { BalanceCents = charged.BalanceCents };
    }

    private StoreCollection<Account> Accounts => store.Collection<Account>("accounts");
}
