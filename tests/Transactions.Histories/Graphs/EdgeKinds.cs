namespace Transactions.Histories;

/// <summary>Kinds of edges, and sets of them.</summary>
[Flags]
internal enum EdgeKinds
{
    None = 0,
    WriteWrite = 1,
    WriteRead = 2,
    ReadWrite = 4,
    PredicateReadWrite = 8,
    Process = 16,
    RealTime = 32,
    Timestamp = 64,

    // The same, where only real time tells the order of the versions.
    WriteWriteByRealTime = 128,
    ReadWriteByRealTime = 256,
    PredicateReadWriteByRealTime = 512,

    /// <summary>Goes on from a node that stands between many readers and many writers: part of the edge that led there.</summary>
    Onward = 1024,

    AnyWriteWrite = WriteWrite | WriteWriteByRealTime,
    AnyPredicate = PredicateReadWrite | PredicateReadWriteByRealTime,
    AnyReadWrite = ReadWrite | ReadWriteByRealTime | AnyPredicate,
    AnyRealTime = RealTime | WriteWriteByRealTime | ReadWriteByRealTime | PredicateReadWriteByRealTime,
    Data = WriteWrite | WriteRead | ReadWrite | PredicateReadWrite,
}
