using System.Collections.Immutable;
using Transactions.Clocks;

namespace Transactions.Participant.Server.Postgres;

/// <summary>Gathers the rows that answer one query.</summary>
internal abstract class VersionAnswer
{
    /// <summary>The history horizon that the statement saw; null while no row came: the shard has no row.</summary>
    public Timestamp? Horizon { get; set; }

    public ImmutableArray<RecordVersion>.Builder Versions { get; } = ImmutableArray.CreateBuilder<RecordVersion>();

    protected abstract bool IsComplete { get; }

    public VersionsReadResult Result() => Horizon is { } horizon
        ? new VersionsReadResult.Succeeded(Versions.DrainToImmutable(), horizon, IsComplete)
        : new VersionsReadResult.Failed("The shard has no row yet.");
}

internal sealed class RecordsAnswer(VersionQuery.Records query) : VersionAnswer
{
    public VersionQuery.Records Query { get; } = query;

    protected override bool IsComplete => true;
}

/// <summary>Cuts a range after the last live record that the limit allows, or where a part of it is large enough.</summary>
internal sealed class RangeAnswer(VersionQuery.Range query) : VersionAnswer
{
    /// <summary>How many records, deleted ones too, end a part.</summary>
    public const int MostMet = 10_000;

    /// <summary>How many bytes of values end a part; the value that reaches them is in it.</summary>
    public const long MostBytes = 4 << 20;

    private int _met;
    private long _bytes;
    private int _live;
    private int _lengthAtLimit;

    public VersionQuery.Range Query { get; } = query;

    protected override bool IsComplete => _live <= Query.Limit && _met < MostMet && _bytes < MostBytes;

    public void Add(RecordVersion version)
    {
        Versions.Add(version);
        _met++;
        if (version.Value is not { } value)
        {
            return;
        }

        _bytes += value.Length;
        _live++;
        if (_live <= Query.Limit)
        {
            _lengthAtLimit = Versions.Count;
        }
        else
        {
            // One more than asked: the range goes on, and what follows the last record of the answer is left out.
            Versions.Count = _lengthAtLimit;
        }
    }
}
