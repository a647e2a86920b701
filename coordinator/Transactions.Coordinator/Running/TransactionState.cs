namespace Transactions.Coordinator.Running;

// How far a transaction has come. When it has ended it leaves the table.
internal enum TransactionState
{
    // Begun or enlisted: takes part in heartbeats, and anything may still end it.
    Open = 1,

    // Sealed (X6): votes are awaited (X7), or the clock that must judge them.
    Voting = 2,

    // Sealed: its only shard decides (X11).
    OnePhase = 3,

    // Decided (X8), and on its way into the log (D1), or being ended through it (D2).
    Recording = 4,

    // Committed for ever; its timestamp isn't past yet (X9).
    Waiting = 5,

    // Gone.
    Ended = 6,
}
