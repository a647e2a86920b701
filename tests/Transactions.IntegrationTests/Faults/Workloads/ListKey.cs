namespace Transactions.IntegrationTests.Faults;

/// <summary>A list: a JSON array under a key of a service.</summary>
internal readonly record struct ListKey(string Service, string Key)
{
    /// <summary>Its name in a history.</summary>
    public override string ToString() => $"{Service}:{Key}";
}
