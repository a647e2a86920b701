namespace Transactions.IntegrationTests.Faults;

/// <summary>What goes wrong.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL to a participant, which is started again.</summary>
    KillParticipant = 1,

    /// <summary>SIGKILL to a coordinator, which is started again.</summary>
    KillCoordinator = 2,

    /// <summary>SIGSTOP to a shard's owner for longer than its lease: it wakes up deposed.</summary>
    StopOwner = 3,

    /// <summary>SIGSTOP to a coordinator.</summary>
    StopCoordinator = 4,

    /// <summary>Two processes want one shard, and whichever has it is stopped until the other took it, again and again.</summary>
    OwnersFight = 5,

    /// <summary>Connections break at both ends, again and again.</summary>
    BreakLink = 6,

    /// <summary>The dialling end is cut off while the other hears nothing of it.</summary>
    CutLink = 7,

    /// <summary>Connections break, and no new ones come about.</summary>
    LinkDown = 8,

    /// <summary>One direction is slow.</summary>
    SlowLink = 9,

    /// <summary>One direction carries nothing while the other does; afterwards all arrives, or the connections break.</summary>
    BlackHole = 10,

    /// <summary>SIGKILL to all of a PostgreSQL server, which is started again.</summary>
    KillPostgres = 11,

    /// <summary>SIGSTOP to all of a PostgreSQL server.</summary>
    FreezePostgres = 12,

    /// <summary>A PostgreSQL server's disk is full.</summary>
    DiskFull = 13,
}
