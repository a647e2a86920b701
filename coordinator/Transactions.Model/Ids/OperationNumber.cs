namespace Transactions.Model;

/// <summary>Names one operation within its transaction, so that a repeat is known as one (X2).</summary>
/// <param name="Scope">Random, one per calling handler: several services act in one transaction at once.</param>
/// <param name="Sequence">Counts up within the scope.</param>
public readonly record struct OperationNumber(long Scope, long Sequence)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Scope:x16}.{Sequence}";
}
