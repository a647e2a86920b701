namespace Transactions.Model;

/// <summary>A rule of the protocol was found broken. Whoever catches it stops the process: memory can't be trusted.</summary>
public sealed class BrokenInvariantException(string rule) : Exception($"A protocol invariant is broken: {rule}")
{
    /// <summary>The rule, in the words of PROTOCOL.md.</summary>
    public string Rule { get; } = rule;
}
