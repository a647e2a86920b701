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

/// <summary>Cuts a range after the last live record that the limit allows.</summary>
internal sealed class RangeAnswer(VersionQuery.Range query) : VersionAnswer
{
    private int _live;
    private int _lengthAtLimit;

    public VersionQuery.Range Query { get; } = query;

    protected override bool IsComplete => _live <= Query.Limit;

    public void Add(RecordVersion version)
    {
        Versions.Add(version);
        if (version.Value is null)
        {
            return;
        }

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
