using System.Collections.Immutable;
using Grpc.Core;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Client;

// Asks shards, wherever they are, and keeps a transaction's ledger of it (X2).
internal sealed class ShardAccess(
    ImmutableArray<ILocalShards> local, ShardDirectory directory, StoreLinks links, ClientTelemetry telemetry)
{
    // How often a request that certainly did nothing is sent elsewhere before its caller is told.
    private const int MaxMoves = 3;

    public static string Name(Operation operation) => operation switch
    {
        Operation.Get { ForUpdate: true } => "GetForUpdate",
        Operation.Get => "Get",
        Operation.Put => "Put",
        Operation.InsertIfAbsent => "InsertIfAbsent",
        Operation.Delete => "Delete",
        Operation.Scan => "Scan",
        _ => operation.GetType().Name,
    };

    public async Task<OperationResult> ExecuteAsync(
        Transaction transaction, ShardId shard, Operation operation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        transaction.CancellationToken.ThrowIfCancellationRequested();
        using CancellationTokenSource? either = Link(cancellationToken, transaction.CancellationToken);
        CancellationToken token = either?.Token ?? (cancellationToken.CanBeCanceled ? cancellationToken : transaction.CancellationToken);
        OperationNumber number = transaction.Ledger.NextOperation();
        for (int moves = 0; ; moves++)
        {
            ShardAnswer.Refused refused;
            switch (await AskAsync(transaction, shard, number, operation, token))
            {
                case ShardAnswer.Admitted admitted:
                    return admitted.Result;
                case ShardAnswer.Refused answer:
                    refused = answer;
                    break;
                case var other:
                    throw new InvalidOperationException($"{shard} answered an operation with {other}.");
            }

            if (!IsElsewhere(refused) || moves == MaxMoves)
            {
                throw Failures.From(transaction.Id, refused.Refusal);
            }
        }
    }

    public async Task<ShardAnswer.Read> ReadAsync(
        ShardId shard, Timestamp? at, SnapshotQuery query, CancellationToken cancellationToken)
    {
        for (int moves = 0; ; moves++)
        {
            ShardAnswer answer;
            try
            {
                answer = await Connect(shard, isVerified: true).ReadAsync(at, query, cancellationToken);
            }
            catch (ShardUnreachableException unreachable)
            {
                // A read changes nothing: it may be asked again whether or not it was sent.
                telemetry.Operated("unreachable");
                if (moves < MaxMoves && Refused(unreachable).MayRetry)
                {
                    continue;
                }

                throw new TransactionRefusedException(Refused(unreachable), unreachable);
            }

            telemetry.Operated(answer is ShardAnswer.Read ? "read" : "refused");
            switch (answer)
            {
                case ShardAnswer.Read read:
                    return read;
                case ShardAnswer.Refused refused when IsElsewhere(refused) && moves < MaxMoves:
                    continue;
                case ShardAnswer.Refused refused:
                    throw new TransactionRefusedException(refused.Refusal);
                default:
                    throw new InvalidOperationException($"{shard} answered a read with {answer}.");
            }
        }
    }

    // One question, and its entry in the ledger.
    private async Task<ShardAnswer> AskAsync(
        Transaction transaction, ShardId shard, OperationNumber number, Operation operation, CancellationToken cancellationToken)
    {
        CallLedger ledger = transaction.Ledger;
        if (!ledger.TryBegin($"{Name(operation)} on {shard}", out CallTicket ticket, out Refusal? refusal))
        {
            throw Failures.From(transaction.Id, refusal);
        }

        ShardAnswer answer;
        try
        {
            answer = await Connect(shard, transaction.IsVerified).ExecuteAsync(
                transaction.Context, transaction.Signed, number, operation, cancellationToken);
        }
        catch (ShardUnreachableException unreachable) when (!unreachable.WasSent)
        {
            telemetry.Operated("unreachable");
            ledger.NotSent(ticket);
            return new ShardAnswer.Refused(Refused(unreachable));
        }
        catch (Exception failure)
        {
            // X2: what it did isn't known, so the transaction must not commit.
            telemetry.Operated("unknown");
            ledger.OutcomeUnknown(ticket, failure.Message);
            if (failure is ShardUnreachableException)
            {
                throw TransactionAbortedException.For(transaction.Id, ledger.Doom!, AbortReason.Unspecified, failure);
            }

            throw;
        }

        switch (answer)
        {
            case ShardAnswer.Admitted admitted:
                telemetry.Operated("admitted");
                ledger.Admitted(ticket, admitted.Owner, admitted.Wrote);
                break;
            case ShardAnswer.Refused refused:
                telemetry.Operated("refused");
                ledger.Refused(ticket, refused.Refusal, refused.AdmittedBy);
                break;
            default:
                ledger.OutcomeUnknown(ticket, $"{shard} answered an operation with a {answer.GetType().Name}.");
                break;
        }

        return answer;
    }

    private IShardConnection Connect(ShardId shard, bool isVerified)
    {
        foreach (ILocalShards shards in local)
        {
            // Only its owner's own verification lets a context into a shard of this process.
            if (isVerified && shards.Find(shard) is { } found)
            {
                return found;
            }
        }

        return new RemoteShard(shard, directory, links);
    }

    // Not admitted, and the connection now looks elsewhere.
    private static bool IsElsewhere(ShardAnswer.Refused refused) =>
        refused.AdmittedBy is null && refused.Refusal.MayRetry
        && refused.Refusal.Reason is RefusalReason.NotOwner or RefusalReason.PeerUnavailable;

    private static Refusal Refused(ShardUnreachableException unreachable) =>
        unreachable.InnerException is RpcException rpc && RefusalMapping.FromRpcException(rpc) is { MayRetry: false } refusal
            ? refusal
            : Refusal.Unavailable(RefusalReason.PeerUnavailable, unreachable.Message);

    private static CancellationTokenSource? Link(CancellationToken one, CancellationToken other) =>
        one.CanBeCanceled && other.CanBeCanceled && one != other ? CancellationTokenSource.CreateLinkedTokenSource(one, other) : null;
}
