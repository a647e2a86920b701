namespace Transactions.Contracts;

/// <summary>A coordinator, and where it answers.</summary>
/// <param name="Name">Its configured name.</param>
/// <param name="Endpoint">A URI of at most <see cref="WireLimits.MaxEndpointLength"/> characters.</param>
public readonly record struct CoordinatorEndpoint(string Name, string Endpoint);
