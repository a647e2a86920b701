using Grpc.Core;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Expects refusals as section 7 has them.</summary>
public static class Refused
{
    /// <summary>The refusal of a call: it fails unless the call is refused so.</summary>
    public static async Task<Refusal> AsAsync(RefusalStatus status, RefusalReason reason, Func<Task> call)
    {
        RpcException failed = await Assert.ThrowsAsync<RpcException>(call);
        Refusal? refusal = RefusalMapping.FromRpcException(failed);
        Assert.True(refusal is not null, $"Not one of our refusals: {failed}");
        Assert.Equal((status, reason), (refusal.Status, refusal.Reason));
        Assert.Equal((int)status, (int)failed.StatusCode);
        Assert.NotEmpty(refusal.Message);
        return refusal;
    }

    /// <summary>The refusal of a field.</summary>
    public static async Task<Refusal> FieldAsync(string field, Func<Task> call)
    {
        Refusal refusal = await AsAsync(RefusalStatus.InvalidArgument, RefusalReason.InvalidField, call);
        Assert.Equal(field, refusal.Field);
        return refusal;
    }
}
