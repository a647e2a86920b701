using System.Globalization;

namespace Transactions.IntegrationTests.Faults;

/// <summary>One fault of a schedule.</summary>
/// <param name="After">How long after the one before it.</param>
/// <param name="Kind">What.</param>
/// <param name="Lasts">How long; a stopped owner is stopped for its lease on top.</param>
/// <param name="Draw">Chooses the target, and how it is done.</param>
internal sealed record Fault(TimeSpan After, FaultKind Kind, TimeSpan Lasts, int Draw)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"+{After.TotalSeconds:0.00} s {Kind} for {Lasts.TotalSeconds:0.00} s, draw {Draw}");
}
