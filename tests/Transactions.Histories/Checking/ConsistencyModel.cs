namespace Transactions.Histories;

/// <summary>What a history is held to.</summary>
public enum ConsistencyModel
{
    /// <summary>Never asked for.</summary>
    Unspecified = 0,

    /// <summary>As if one after another, in an order that agrees with real time.</summary>
    StrictSerializable = 1,

    /// <summary>As if one after another.</summary>
    Serializable = 2,
}
