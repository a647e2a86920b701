namespace Transactions.Model;

// Deliberately broken variants of the client's rules. Tests and the simulation switch one on and must notice; nothing else may.
internal enum SessionMutation
{
    // The protocol as it is.
    None = 0,

    // X2: an answer without a trailer, to a call that carried the context, does no harm.
    TrailerlessIsFine,

    // X2: a hop sends its trailers while calls of its own are in flight.
    HopSealsInFlight,

    // X2: a stream that was disposed early does no harm.
    DisposedEarlyIsFine,

    // X2: a call whose outcome isn't known does no harm.
    UnknownIsHarmless,

    // X2: the root commits while calls are in flight.
    RootSealsInFlight,

    // D4: a Commit whose reply was lost is taken for aborted.
    LostCommitIsAborted,
}
