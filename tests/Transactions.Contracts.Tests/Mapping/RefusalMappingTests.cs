using CsCheck;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Transactions.Model;
using Xunit;
using Enum = System.Enum;
using Status = Grpc.Core.Status;

namespace Transactions.Contracts.Tests;

public sealed class RefusalMappingTests
{
    private static readonly RefusalStatus[] Statuses = [.. Enum.GetValues<RefusalStatus>().Except([RefusalStatus.Unspecified])];

    [Fact]
    public void RpcException_EveryStatusAndReason_ThereAndBackIsTheSame()
    {
        foreach (RefusalStatus status in Statuses)
        {
            foreach (RefusalReason reason in Enum.GetValues<RefusalReason>())
            {
                foreach (AbortReason abort in Enum.GetValues<AbortReason>())
                {
                    Refusal refusal = new(status, reason, "Größer als 1 MiB; send less.")
                    {
                        AbortReason = abort,
                        MayRetry = reason == RefusalReason.NotOwner,
                        Field = abort == AbortReason.Wounded ? "record.value" : null,
                        Redirect = abort == AbortReason.OwnerChanged ? "https://other:5001" : null,
                    };
                    RpcException exception = RefusalMapping.ToRpcException(refusal);

                    Assert.Equal((StatusCode)(int)status, exception.StatusCode);
                    Assert.Equal(refusal, RefusalMapping.FromRpcException(exception));
                }
            }
        }
    }

    [Fact]
    public void RpcException_AnyTexts_ThereAndBackIsTheSame()
    {
        Gen<string?> text = Gen.Null(Gen.String[Gen.Char.AlphaNumeric, 0, 50]);
        Gen.Select(Gen.Int[0, Statuses.Length - 1], Gen.String[Gen.Char.AlphaNumeric, 0, 200], text, text, Gen.Bool)
            .Sample((status, message, field, redirect, mayRetry) =>
            {
                Refusal refusal = new(Statuses[status], RefusalReason.LimitReached, message)
                {
                    Field = field,
                    Redirect = redirect,
                    MayRetry = mayRetry,
                };
                return RefusalMapping.FromRpcException(RefusalMapping.ToRpcException(refusal)) == refusal;
            });
    }

    [Fact]
    public void ToStatus_Field_IsAFieldViolationToo()
    {
        var status = RefusalMapping.ToStatus(Refusal.Invalid("context.id", "context.id is missing; send it."));

        BadRequest bad = status.GetDetail<BadRequest>();
        Assert.Equal("context.id", Assert.Single(bad.FieldViolations).Field);
        Assert.Equal("INVALID_FIELD", status.GetDetail<ErrorInfo>().Reason);
        Assert.Equal("transactions", status.GetDetail<ErrorInfo>().Domain);
        Assert.Null(status.GetDetail<RetryInfo>());
    }

    [Fact]
    public void ToStatus_Retry_HasRetryInfoAndTheAbortReason()
    {
        var status = RefusalMapping.ToStatus(Refusal.Aborted(AbortReason.LeaseTooShort, "too short"));

        Assert.True(status.GetDetail<RetryInfo>().RetryDelay.Nanos > 0);
        Assert.Equal("LEASE_TOO_SHORT", status.GetDetail<ErrorInfo>().Metadata["abort_reason"]);
        Assert.Equal("true", status.GetDetail<ErrorInfo>().Metadata["retry"]);
    }

    [Fact]
    public void ToStatus_NoStatus_BreaksAnInvariant()
    {
        Assert.Throws<BrokenInvariantException>(
            () => RefusalMapping.ToStatus(new Refusal(RefusalStatus.Unspecified, RefusalReason.InvalidField, "x")));
        Assert.Throws<BrokenInvariantException>(
            () => RefusalMapping.ToStatus(new Refusal((RefusalStatus)5, RefusalReason.InvalidField, "x")));
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.DeadlineExceeded)]
    public void FromRpcException_TransportsOwn_IsNone(StatusCode code)
    {
        Assert.Null(RefusalMapping.FromRpcException(new RpcException(new Status(code, "connection refused"))));
    }

    [Fact]
    public void FromRpcException_UnreadableDetail_IsNone()
    {
        Metadata trailers = new() { { "grpc-status-details-bin", [0xFF, 0xFF, 0xFF] } };

        Assert.Null(RefusalMapping.FromRpcException(new RpcException(new Status(StatusCode.Aborted, ""), trailers)));
    }

    [Fact]
    public void FromRpcException_AnothersDomain_IsNone()
    {
        Google.Rpc.Status status = new() { Code = (int)Code.Aborted };
        status.Details.Add(Any.Pack(new ErrorInfo { Domain = "example.com", Reason = "TRANSACTION_ENDED" }));

        Assert.Null(RefusalMapping.FromRpcException(status.ToRpcException()));
    }

    [Fact]
    public void FromRpcException_DetailOfAnotherStatus_IsNone()
    {
        // A proxy that rewrote the status but left the trailer: what the call did isn't known.
        Google.Rpc.Status status = RefusalMapping.ToStatus(Refusal.Aborted(AbortReason.Wounded, "x"));

        Assert.Null(RefusalMapping.FromRpcException(status.ToRpcException(StatusCode.Unavailable, "proxy")));
    }

    [Fact]
    public void FromStatus_ReasonOfALaterVersion_ReadsAsUnspecified()
    {
        Google.Rpc.Status status = new() { Code = (int)Code.Aborted, Message = "new" };
        status.Details.Add(Any.Pack(new ErrorInfo { Domain = "transactions", Reason = "NEVER_HEARD_OF" }));

        Assert.Equal(new Refusal(RefusalStatus.Aborted, RefusalReason.Unspecified, "new"), RefusalMapping.FromStatus(status));
    }

    [Fact]
    public void FromStatus_CorruptDetail_IsNone()
    {
        Google.Rpc.Status status = new() { Code = (int)Code.Aborted };
        status.Details.Add(new Any { TypeUrl = "type.googleapis.com/google.rpc.ErrorInfo", Value = Google.Protobuf.ByteString.CopyFrom(0xFF) });

        Assert.Null(RefusalMapping.FromStatus(status));
        Assert.Null(RefusalMapping.FromStatus(null));
        Assert.Null(RefusalMapping.FromStatus(new Google.Rpc.Status()));
    }
}
