using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Driving;
using Transactions.Coordinator.Server.Life;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Serving;

// What every call and every stream begins and ends with: the driver, once there is one, and refusals, counted and in gRPC's words.
internal sealed class Door(CoordinatorLife life, CoordinatorMetrics metrics)
{
    public CoordinatorDriver Enter(ServerCallContext context) =>
        TryEnter(out CoordinatorDriver? driver, out Refusal? refusal) ? driver : throw Refuse(refusal, context);

    public bool TryEnter([NotNullWhen(true)] out CoordinatorDriver? driver, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = life.NotServing;
        driver = refusal is null ? life.Driver! : null;
        return driver is not null;
    }

    public RpcException Refuse(Refusal refusal, ServerCallContext context)
    {
        Count(refusal, context.Method.TrimStart('/'));
        return RefusalMapping.ToRpcException(refusal);
    }

    // The method by its full name, without a slash before it.
    public void Count(Refusal refusal, string method) => metrics.Refused(method, refusal);
}
