using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What a coordinator tells a client that says Hello.</summary>
/// <param name="Coordinator">Who it is, for contexts.</param>
/// <param name="Limits">What the cluster shares.</param>
/// <param name="Key">The client's key for signing contexts.</param>
/// <param name="Clock">The coordinator's clock, read after the request came in (T4).</param>
/// <param name="Owners">Where shards are, as far as it knows: a hint.</param>
/// <param name="Coordinators">Other coordinators, if it knows any.</param>
public sealed record ClientWelcome(
    CoordinatorId Coordinator,
    ProtocolLimits Limits,
    ClientKey Key,
    ClockInterval Clock,
    ImmutableArray<ShardEndpoint> Owners,
    ImmutableArray<CoordinatorEndpoint> Coordinators);
