namespace Transactions.Histories;

/// <summary>How a history is judged.</summary>
public sealed record CheckOptions
{
    /// <summary>What it is held to.</summary>
    public ConsistencyModel Model { get; init; } = ConsistencyModel.StrictSerializable;

    /// <summary>
    /// Under <see cref="ConsistencyModel.Serializable"/>: each key by itself is linearizable, so real time orders the versions
    /// of one key, and a read may not miss a write to that key which ended before it. Strict serializability implies it.
    /// </summary>
    public bool LinearizableKeys { get; init; }

    /// <summary>
    /// Under <see cref="ConsistencyModel.Serializable"/>: transactions of one process take effect in its order. Strict
    /// serializability implies it.
    /// </summary>
    public bool ProcessOrder { get; init; }

    /// <summary>
    /// Whether a read of a key that began after the last acknowledged write to it had ended must show that nothing
    /// acknowledged is lost, whatever the model.
    /// </summary>
    public bool FinalReads { get; init; } = true;

    /// <summary>How many anomalies of each kind are told; the rest are only counted. From 1.</summary>
    public int MaxToldPerKind { get; init; } = 8;

    internal bool IsRealTime => Model == ConsistencyModel.StrictSerializable;

    internal bool IsProcessOrder => IsRealTime || ProcessOrder;

    internal bool AreKeysLinearizable => IsRealTime || LinearizableKeys;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxToldPerKind, 1);
        if (Model is not (ConsistencyModel.StrictSerializable or ConsistencyModel.Serializable))
        {
            throw new ArgumentOutOfRangeException(nameof(Model));
        }
    }
}
