namespace Transactions.Coordinator.Server;

/// <summary>Another coordinator of the cluster.</summary>
public sealed class PeerOptions
{
    /// <summary>Its name. 1 to 63 characters.</summary>
    public string Name { get; set; } = "";

    /// <summary>Where clients reach it: a URI of at most 500 characters.</summary>
    public string Endpoint { get; set; } = "";
}
