using Transactions.IntegrationTests.Fixtures;

namespace Transactions.IntegrationTests.Faults;

/// <summary>A way between two parts of the cluster. One fault at a time: take <see cref="Gate"/>.</summary>
internal sealed record Link(LinkKind Kind, string Name, CuttableProxy Proxy)
{
    public SemaphoreSlim Gate { get; } = new(1);
}
