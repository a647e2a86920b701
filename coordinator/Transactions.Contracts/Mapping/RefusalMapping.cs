using System.Globalization;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Transactions.Model;
using RpcStatus = Google.Rpc.Status;

namespace Transactions.Contracts;

/// <summary>Refusals between the model and gRPC's statuses with <c>google.rpc</c> details (section 7).</summary>
/// <remarks>
/// An <see cref="ErrorInfo"/> of domain <see cref="Domain"/> says it all for programs; <see cref="BadRequest"/> and
/// <see cref="RetryInfo"/> repeat parts of it for tools that know only these. Thread-safe: there is no state.
/// </remarks>
public static class RefusalMapping
{
    /// <summary>The domain of our <see cref="ErrorInfo"/>.</summary>
    public const string Domain = "transactions";

    private const string AbortReasonKey = "abort_reason";
    private const string RetryKey = "retry";
    private const string RedirectKey = "redirect";
    private const string FieldKey = "field";

    // How long a client that knows no more than RetryInfo should wait.
    private static readonly Google.Protobuf.WellKnownTypes.Duration RetryDelay = new() { Nanos = 50_000_000 };

    /// <summary>The exception with which a gRPC method refuses.</summary>
    public static RpcException ToRpcException(Refusal refusal) => ToStatus(refusal).ToRpcException();

    /// <summary>The status, as a stream's reply carries it.</summary>
    /// <exception cref="BrokenInvariantException">The refusal has no status: it would be sent as success.</exception>
    public static RpcStatus ToStatus(Refusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        Invariant.Holds(Enum.IsDefined(refusal.Status) && refusal.Status != RefusalStatus.Unspecified, "a refusal has a status");

        ErrorInfo info = new() { Domain = Domain, Reason = Names<RefusalReason>.Of(refusal.Reason) };
        info.Metadata[RetryKey] = refusal.MayRetry ? "true" : "false";
        if (refusal.AbortReason != AbortReason.Unspecified)
        {
            info.Metadata[AbortReasonKey] = Names<AbortReason>.Of(refusal.AbortReason);
        }

        if (refusal.Redirect is { } redirect)
        {
            info.Metadata[RedirectKey] = redirect;
        }

        RpcStatus status = new() { Code = (int)refusal.Status, Message = refusal.Message };
        if (refusal.Field is { } field)
        {
            info.Metadata[FieldKey] = field;
            BadRequest bad = new();
            bad.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = field, Description = refusal.Message });
            status.Details.Add(Pack(bad));
        }

        // First, so that whoever looks at one detail only sees this.
        status.Details.Insert(0, Pack(info));
        if (refusal.MayRetry)
        {
            status.Details.Add(Pack(new RetryInfo { RetryDelay = RetryDelay }));
        }

        return status;
    }

    /// <summary>The refusal that a failed call carries; null when it is none of ours.</summary>
    /// <remarks>
    /// Null for everything without our detail: a transport's UNAVAILABLE, a proxy's answer, a deadline on this side. The
    /// caller then doesn't know what became of its call (X2), nor of its transaction (D4).
    /// </remarks>
    public static Refusal? FromRpcException(RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        RpcStatus? status;
        try
        {
            status = exception.GetRpcStatus();
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }

        return status is not null && status.Code == (int)exception.StatusCode ? FromStatus(status) : null;
    }

    /// <summary>The refusal in a status; null when it is none of ours.</summary>
    public static Refusal? FromStatus(RpcStatus? status)
    {
        RefusalStatus kind = (RefusalStatus)(status?.Code ?? 0);
        if (status is null || kind == RefusalStatus.Unspecified || !Enum.IsDefined(kind) || Find(status) is not { } info)
        {
            return null;
        }

        return new(kind, Names<RefusalReason>.Parse(info.Reason), status.Message)
        {
            Field = info.Metadata.GetValueOrDefault(FieldKey),
            AbortReason = Names<AbortReason>.Parse(info.Metadata.GetValueOrDefault(AbortReasonKey)),
            MayRetry = info.Metadata.GetValueOrDefault(RetryKey) == "true",
            Redirect = info.Metadata.GetValueOrDefault(RedirectKey),
        };
    }

    private static ErrorInfo? Find(RpcStatus status)
    {
        try
        {
            return status.Details
                .Where(d => d.Is(ErrorInfo.Descriptor))
                .Select(d => d.Unpack<ErrorInfo>())
                .FirstOrDefault(e => e.Domain == Domain);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static Google.Protobuf.WellKnownTypes.Any Pack(IMessage detail) => Google.Protobuf.WellKnownTypes.Any.Pack(detail);

    // Names of enum members, SCREAMING_SNAKE on the wire; an unknown one, of a later version, reads as unspecified.
    private static class Names<T>
        where T : struct, Enum
    {
        private static readonly Dictionary<T, string> ByValue = Enum.GetValues<T>().ToDictionary(v => v, v => Snake(v.ToString()));
        private static readonly Dictionary<string, T> ByName = ByValue.ToDictionary(p => p.Value, p => p.Key);

        public static string Of(T value) => ByValue[value];

        public static T Parse(string? name) => name is null ? default : ByName.GetValueOrDefault(name);

        private static string Snake(string name) => string.Concat(
            name.Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{c}" : char.ToUpper(c, CultureInfo.InvariantCulture).ToString()));
    }
}
