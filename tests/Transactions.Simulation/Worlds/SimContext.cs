namespace Transactions.Simulation;

/// <summary>Lets asynchronous code run inside a world: what awaits goes on as an event of that world, on its only thread.</summary>
internal sealed class SimContext(World world) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state) => world.After(0, () => d(state));

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("A world has one thread: nothing waits for another.");

    public override SynchronizationContext CreateCopy() => this;
}
