using System.Diagnostics.CodeAnalysis;

namespace Transactions.Model;

/// <summary>Assertions that stay on in production: a protocol that is broken must stop, not go on.</summary>
public static class Invariant
{
    /// <summary>Stops the machine unless <paramref name="condition"/> holds.</summary>
    /// <exception cref="BrokenInvariantException">It doesn't hold; the driver stops the process.</exception>
    public static void Holds([DoesNotReturnIf(false)] bool condition, string rule)
    {
        if (!condition)
        {
            throw new BrokenInvariantException(rule);
        }
    }
}
