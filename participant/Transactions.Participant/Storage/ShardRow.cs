using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>The shard's row (L1): who owns it, until when, and what is visible.</summary>
/// <param name="Generation">Counts its owners; zero before the first.</param>
/// <param name="Epoch">Raised by an owner to fence its own writes (L6).</param>
/// <param name="Owner">The owner's name; empty before the first.</param>
/// <param name="Endpoint">Where the owner's Store answers.</param>
/// <param name="LeaseUntil">The owner prepares and serves reads only at or below this.</param>
/// <param name="VisibleUpto">Views, projections and feeds end here (S4).</param>
/// <param name="HistoryHorizon">Reads below this are refused: versions may be gone.</param>
/// <param name="OutcomesMark">The low-water mark of this shard's one-phase outcomes (D5).</param>
public sealed record ShardRow(
    Generation Generation,
    long Epoch,
    string Owner,
    string Endpoint,
    Timestamp LeaseUntil,
    Timestamp VisibleUpto,
    Timestamp HistoryHorizon,
    Timestamp OutcomesMark);
