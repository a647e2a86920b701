namespace Transactions.TestKit.Storage;

/// <summary>What a fake database does wrong on purpose: rules that SQL keeps, broken one at a time.</summary>
public enum StoreMutation
{
    /// <summary>The protocol as it is.</summary>
    None = 0,

    /// <summary>X7: what apply can't do isn't refused when it is prepared.</summary>
    RefuseAtApply = 1,

    /// <summary>X10: versions are made of the intents, which stay.</summary>
    ApplyKeepsIntents = 2,

    /// <summary>X11: a one-phase commit writes its versions whatever the register holds.</summary>
    WriteWithoutRegister = 3,

    /// <summary>L2: a write doesn't check the generation.</summary>
    IgnoreGeneration = 4,

    /// <summary>L3: a takeover doesn't look whether the lease is still the one that was waited out.</summary>
    TakeOverRenewed = 5,

    /// <summary>L6: a write doesn't check the epoch.</summary>
    IgnoreEpoch = 6,

    /// <summary>D1: a decision replaces the one that is there.</summary>
    Overwrite = 7,

    /// <summary>D1: a transaction that only read back doesn't make durable what it read.</summary>
    ReadBackUnflushed = 8,

    /// <summary>D5: rows are inserted below the mark, too.</summary>
    InsertBelowMark = 9,

    /// <summary>D5: rows go that aren't applied everywhere.</summary>
    PruneUnapplied = 10,

    /// <summary>D6: a key may be taken twice.</summary>
    ShareKeys = 11,
}
