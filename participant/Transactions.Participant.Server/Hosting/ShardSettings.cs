namespace Transactions.Participant.Server;

/// <summary>One shard that a participant wants to own.</summary>
public sealed class ShardSettings
{
    /// <summary>The shard's id, like <c>payments/0</c>.</summary>
    public string Shard { get; set; } = "";

    /// <summary>Npgsql's connection string of its database, password included; never logged.</summary>
    public string ConnectionString { get; set; } = "";
}
