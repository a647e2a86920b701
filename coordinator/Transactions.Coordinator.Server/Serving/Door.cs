using Grpc.Core;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Driving;
using Transactions.Coordinator.Server.Life;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Serving;

// What every gRPC method begins and ends with: the driver, once there is one, and refusals in gRPC's words.
internal sealed class Door(CoordinatorLife life, CoordinatorMetrics metrics)
{
    public CoordinatorDriver Enter(ServerCallContext context) =>
        life.NotServing is { } refusal ? throw Refuse(refusal, context) : life.Driver!;

    // What the machine answers to a question, of the kind that goes with it.
    public async Task<T> AskAsync<T>(CoordinatorDriver driver, CallId call, CoordinatorEvent question, ServerCallContext context)
        where T : CoordinatorAnswer
    {
        CoordinatorAnswer answer = await AskAsync(driver, call, question, context);
        Invariant.Holds(answer is T, "a call is answered with what was asked for");
        return (T)answer;
    }

    public async Task<CoordinatorAnswer> AskAsync(
        CoordinatorDriver driver, CallId call, CoordinatorEvent question, ServerCallContext context)
    {
        try
        {
            CoordinatorAnswer answer = await driver.AskAsync(call, question, context.CancellationToken);
            return answer is CoordinatorAnswer.Refused refused ? throw Refuse(refused.Refusal, context) : answer;
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // Nobody listens any more, and the transaction goes on. A deadline that fired was answered by itself.
            throw new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled; the transaction goes on."));
        }
    }

    public RpcException Refuse(Refusal refusal, ServerCallContext context)
    {
        metrics.Refused(context.Method.TrimStart('/'), refusal);
        return RefusalMapping.ToRpcException(refusal);
    }
}
