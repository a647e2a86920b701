using NodaTime;
using Transactions.Model;

namespace Transactions.Client;

/// <summary>What one run of a transaction may have of its own. Immutable.</summary>
public sealed record RunOptions
{
    /// <summary>
    /// The business request's words for itself (D6), scoped to the client's id: a second run under it gets the first one's result
    /// and changes nothing. 1 to 200 printable characters; null by default.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>How long it may run, retries included. 1 ms to 1 h; null takes <see cref="TransactionClientOptions.DefaultTimeout"/>.</summary>
    /// <remarks>A single attempt never runs longer than the cluster's longest lifetime.</remarks>
    public Duration? Timeout { get; init; }

    /// <summary>How conflicts are tried again; null takes <see cref="TransactionClientOptions.Retry"/>.</summary>
    public RetryPolicy? Retry { get; init; }

    internal void Validate()
    {
        if (IdempotencyKey is { } key
            && (key.Length is 0 or > Model.IdempotencyKey.MaxLength || key.AsSpan().ContainsAnyInRange('\0', '\x1F')))
        {
            throw new ArgumentException(
                $"{nameof(IdempotencyKey)} has {key.Length} characters; give 1 to {Model.IdempotencyKey.MaxLength} printable ones, or none.");
        }

        if (Timeout is { } timeout && (timeout < Duration.FromMilliseconds(1) || timeout > Duration.FromHours(1)))
        {
            throw new ArgumentException($"{nameof(Timeout)} is {timeout}; give 1 ms to 1 h.");
        }

        Retry?.Validate();
    }
}
