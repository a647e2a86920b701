namespace Transactions.Histories;

/// <summary>How a history is written down.</summary>
public enum HistoryFormat
{
    /// <summary>Never written.</summary>
    Unspecified = 0,

    /// <summary>One event a line, all fields: what <see cref="HistoryReader"/> reads back as it was.</summary>
    JsonLines = 1,

    /// <summary>
    /// One JSON array of plain events, as outside checkers want them: no timestamps; a scan stands as reads of the keys it
    /// returned; reads of the past are left out; a process in doubt goes on under a new number.
    /// </summary>
    PlainArray = 2,
}
