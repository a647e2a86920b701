namespace Transactions.Model;

/// <summary>A coordinator in one of its lives: its configured name, and the incarnation of the process.</summary>
public readonly record struct CoordinatorId(string Name, Incarnation Incarnation)
{
    /// <summary>The longest name allowed, in characters.</summary>
    public const int MaxNameLength = 63;

    /// <inheritdoc/>
    public override string ToString() => $"{Name}#{Incarnation}";
}
