using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Transactions.Contracts;

namespace Transactions.Coordinator.Server.Driving;

// What others may know of the machine, which only its loop may touch: written after each run of events, read by anybody.
internal sealed class MachineView
{
    private volatile int _openTransactions;
    private volatile int _undeliveredOutcomes;
    private volatile int _queuedDecisions;
    private volatile int _rememberedTransactions;
    private volatile ShardEndpoint[] _owners = [];

    public int OpenTransactions => _openTransactions;

    public int UndeliveredOutcomes => _undeliveredOutcomes;

    public int QueuedDecisions => _queuedDecisions;

    public int RememberedTransactions => _rememberedTransactions;

    // A hint for clients: the generation is the truth.
    public ImmutableArray<ShardEndpoint> Owners => ImmutableCollectionsMarshal.AsImmutableArray(_owners);

    public void Publish(CoordinatorMachine machine, bool haveOwnersChanged)
    {
        _openTransactions = machine.OpenTransactions;
        _undeliveredOutcomes = machine.UndeliveredOutcomes;
        _queuedDecisions = machine.QueuedDecisions;
        _rememberedTransactions = machine.RememberedTransactions;
        if (haveOwnersChanged)
        {
            _owners = [.. machine.ConnectedShards
                .Take(WireLimits.MaxOwners)
                .Select(s => new ShardEndpoint(s.Owner, s.Endpoint))];
        }
    }
}
