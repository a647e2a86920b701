using Grpc.Core;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Expects refusals as section 7 has them.</summary>
public static class Refused
{
    /// <summary>The refusal of a call: it fails unless the call is refused so, in words that name the field at fault.</summary>
    /// <param name="status">Its kind.</param>
    /// <param name="reason">Its reason.</param>
    /// <param name="call">What is refused.</param>
    /// <param name="says">What else its message says: the limit, the remedy.</param>
    public static async Task<Refusal> AsAsync(RefusalStatus status, RefusalReason reason, Func<Task> call, params string[] says)
    {
        RpcException failed = await Assert.ThrowsAsync<RpcException>(call);
        Refusal? refusal = RefusalMapping.FromRpcException(failed);
        Assert.True(refusal is not null, $"Not one of our refusals: {failed}");
        Assert.Equal((status, reason), (refusal.Status, refusal.Reason));
        Assert.Equal((int)status, (int)failed.StatusCode);
        AssertSays(refusal, says);
        return refusal;
    }

    /// <summary>The refusal of a field, in words that name it.</summary>
    /// <param name="field">The field at fault.</param>
    /// <param name="call">What is refused.</param>
    /// <param name="says">What else its message says: the limit, the remedy.</param>
    public static async Task<Refusal> FieldAsync(string field, Func<Task> call, params string[] says)
    {
        Refusal refusal = await AsAsync(RefusalStatus.InvalidArgument, RefusalReason.InvalidField, call, says);
        Assert.Equal(field, refusal.Field);
        return refusal;
    }

    /// <summary>The refusal of a call; null when it is answered.</summary>
    public static async Task<Refusal?> OfAsync(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (RpcException failed) when (RefusalMapping.FromRpcException(failed) is { } refusal)
        {
            return refusal;
        }
    }

    private static void AssertSays(Refusal refusal, string[] says)
    {
        Assert.NotEmpty(refusal.Message);
        Assert.Contains(refusal.Field?.Split('.')[^1] ?? "", refusal.Message, StringComparison.OrdinalIgnoreCase);
        Assert.All(says, words => Assert.Contains(words, refusal.Message, StringComparison.Ordinal));
    }
}
