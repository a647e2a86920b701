using NodaTime;
using Transactions.Clocks;

namespace Transactions.Contracts;

/// <summary>What a client asks of Begin.</summary>
/// <param name="Client">The client's configured id.</param>
/// <param name="Timeout">How long the transaction may run; null takes the longest lifetime.</param>
/// <param name="Priority">For a retry: the priority of the first try; null takes the present.</param>
public sealed record BeginTerms(string Client, Duration? Timeout, Timestamp? Priority);
