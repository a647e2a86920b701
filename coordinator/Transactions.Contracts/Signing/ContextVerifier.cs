using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>Tells contexts that this cluster's clients signed from all others (X1).</summary>
/// <remarks>
/// Keys have epochs so that they can be changed: raise the configured epoch on one process after the other, and clients get
/// keys of the new one at their next Hello. A process accepts its own epoch and the ones right before and after, so that
/// nothing is refused while the raise goes round; a key that leaked is worthless once the epoch was raised by two. Accepting
/// the epoch after gives nothing away, since only holders of the cluster secret can have derived its keys. Thread-safe.
/// </remarks>
public sealed class ContextVerifier
{
    // Deriving a key costs as much as verifying with it; those of the clients that are about are kept.
    private const int MaxKeys = 1_024;

    private readonly ClusterSecret _secret;
    private readonly ConcurrentDictionary<(string Client, int Epoch), ClientKey> _keys = new();

    /// <summary>Makes a verifier.</summary>
    /// <param name="secret">The cluster's secret.</param>
    /// <param name="keyEpoch">The present epoch of client keys. 1 to <see cref="WireLimits.MaxKeyEpoch"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The epoch is out of its range.</exception>
    public ContextVerifier(ClusterSecret secret, int keyEpoch)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentOutOfRangeException.ThrowIfLessThan(keyEpoch, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keyEpoch, WireLimits.MaxKeyEpoch);
        _secret = secret;
        KeyEpoch = keyEpoch;
    }

    /// <summary>The present epoch of client keys.</summary>
    public int KeyEpoch { get; }

    /// <summary>Verifies and reads a signed context.</summary>
    /// <returns>False with a refusal: INVALID_ARGUMENT when it is malformed or too large, UNAUTHENTICATED when it is forged.</returns>
    public bool TryVerify(
        V1.SignedContext? wire,
        [NotNullWhen(true)] out TransactionContext? context,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        context = null;
        if (!Check.Present(wire, "context", out refusal)
            || !ContextMapping.TryReadPayload(wire, out V1.TransactionContext? claimed, out refusal)
            || !Check.Text(claimed.Client, TransactionContext.MaxClientLength, "context.client", out refusal))
        {
            return false;
        }

        refusal = Authenticate(wire, claimed);
        return refusal is null && ContextMapping.TryRead(claimed, out context, out refusal);
    }

    private Refusal? Authenticate(V1.SignedContext wire, V1.TransactionContext claimed)
    {
        if (claimed.KeyEpoch < 1 || claimed.KeyEpoch > WireLimits.MaxKeyEpoch || Math.Abs(claimed.KeyEpoch - KeyEpoch) > 1)
        {
            return Unauthenticated(
                $"The context is signed with a key of epoch {claimed.KeyEpoch}, and the present one is {KeyEpoch}; say Hello again.");
        }

        bool isKnown = _keys.TryGetValue((claimed.Client, claimed.KeyEpoch), out ClientKey? key);
        key ??= ClientKey.Derive(_secret, claimed.Client, claimed.KeyEpoch);
        if (!CryptographicOperations.FixedTimeEquals(key.Sign(wire.Payload.Span), wire.Signature.Span))
        {
            return Unauthenticated(
                $"The context's signature isn't client '{claimed.Client}''s; sign the payload with the key that Hello gave.");
        }

        if (!isKnown)
        {
            Keep(key);
        }

        return null;
    }

    private void Keep(ClientKey key)
    {
        if (_keys.Count >= MaxKeys)
        {
            _keys.Clear();
        }

        _keys[(key.Client, key.Epoch)] = key;
    }

    private static Refusal Unauthenticated(string message) =>
        new(RefusalStatus.Unauthenticated, RefusalReason.BadSignature, message) { Field = "context" };
}
