using Npgsql;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant.Server.Postgres;

/// <summary>Reads the three columns that hold an outcome: kind, commit_ts, reason.</summary>
internal static class OutcomeColumns
{
    public static Outcome Read(NpgsqlDataReader row, int first) => (OutcomeKind)row.GetInt16(first) switch
    {
        OutcomeKind.Committed => Outcome.Committed(new Timestamp(row.GetInt64(first + 1))),
        OutcomeKind.Aborted => Outcome.Aborted((AbortReason)row.GetInt16(first + 2)),
        OutcomeKind.Unspecified => throw new InvalidDataException("An outcome row says neither committed nor aborted."),
    };
}
