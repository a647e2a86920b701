using Google.Protobuf;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>Signs a client's contexts with its key (X1).</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class ContextSigner(ClientKey key)
{
    /// <summary>Signs a context.</summary>
    /// <exception cref="ArgumentException">It is another client's: no verifier would accept it.</exception>
    public V1.SignedContext Sign(TransactionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Client != key.Client)
        {
            throw new ArgumentException($"The context is of client '{context.Client}', the key of '{key.Client}'.", nameof(context));
        }

        byte[] payload = ContextMapping.ToWire(context, key.Epoch).ToByteArray();
        return new()
        {
            Payload = UnsafeByteOperations.UnsafeWrap(payload),
            Signature = UnsafeByteOperations.UnsafeWrap(key.Sign(payload)),
        };
    }

    /// <summary>Signs a context: the value of the metadata <see cref="MetadataNames.Context"/>.</summary>
    /// <exception cref="ArgumentException"><inheritdoc cref="Sign" path="/exception"/></exception>
    public byte[] SignMetadata(TransactionContext context) => Sign(context).ToByteArray();
}
