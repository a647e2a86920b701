namespace Transactions.Model;

/// <summary>One life of a coordinator process: random, not a clock, so that no two lives share it.</summary>
public readonly record struct Incarnation(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString("x16");
}
