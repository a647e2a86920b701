using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>Why versions couldn't be read: PostgreSQL failed, or, with a horizon, the timestamp lies below the history kept.</summary>
internal sealed record ReadFailure(string Message, Timestamp? Horizon = null);
