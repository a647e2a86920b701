using System.Collections.Immutable;
using Npgsql;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Postgres;

/// <summary>The columns that make a decision, and how to read them.</summary>
internal static class DecisionColumns
{
    public const string All = "d.id, d.kind, d.commit_ts, d.reason, d.writers, d.generations, d.key_client, d.key, d.result";

    public const int Count = 9;

    public static Decision Read(NpgsqlDataReader row, int first)
    {
        Outcome outcome = (OutcomeKind)row.GetInt16(first + 1) switch
        {
            OutcomeKind.Committed => Outcome.Committed(new Timestamp(row.GetInt64(first + 2))),
            OutcomeKind.Aborted => Outcome.Aborted((AbortReason)row.GetInt16(first + 3)),
            OutcomeKind.Unspecified => throw new InvalidDataException("A decision's row says neither committed nor aborted."),
        };
        return new Decision(new TransactionId(row.GetGuid(first)), outcome, Writers(row, first + 4))
        {
            Key = row.IsDBNull(first + 7) ? null : new IdempotencyKey(row.GetString(first + 6), row.GetString(first + 7)),
            Result = row.IsDBNull(first + 8) ? (ReadOnlyMemory<byte>?)null : row.GetFieldValue<byte[]>(first + 8),
        };
    }

    private static ImmutableArray<ShardGeneration> Writers(NpgsqlDataReader row, int first)
    {
        string[] shards = row.GetFieldValue<string[]>(first);
        long[] generations = row.GetFieldValue<long[]>(first + 1);
        return [.. shards.Zip(generations, (shard, generation) => new ShardGeneration(ShardId.Parse(shard), new(generation)))];
    }
}
