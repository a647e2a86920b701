namespace Transactions.Simulation;

/// <summary>What a read said of a key, or of many.</summary>
internal enum ReadKind
{
    /// <summary>That it has this value, of this version.</summary>
    Value,

    /// <summary>That it has none.</summary>
    Absent,

    /// <summary>That it has one.</summary>
    Present,

    /// <summary>All that a range has.</summary>
    Range,
}
