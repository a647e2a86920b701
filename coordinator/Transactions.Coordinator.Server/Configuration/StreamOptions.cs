namespace Transactions.Coordinator.Server;

/// <summary>The streams over which participants and clients are connected.</summary>
public sealed class StreamOptions
{
    /// <summary>
    /// How many frames, or replies, may wait for a participant, or a client, that doesn't read them before its stream is broken,
    /// which it takes as "unknown" and asks anew; 256 MiB of them break it, too. 512 to 10,000,000; default 100,000.
    /// </summary>
    public int MaxQueuedFrames { get; set; } = 100_000;

    /// <summary>
    /// How many frames that participants sent may wait for the coordinator before their streams aren't read on, so that the
    /// participants wait, too; each stream may go beyond it by one message. 512 to 10,000,000; default 100,000.
    /// </summary>
    public int MaxUnhandledFrames { get; set; } = 100_000;

    /// <summary>How long a new stream may take to say Hello. 100 ms to 1 min; default 10 s.</summary>
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many participants may be connected, those that haven't said Hello included. 1 to 100,000; default 1,000.</summary>
    public int MaxParticipants { get; set; } = 1_000;

    /// <summary>How many clients' streams may be open, those that haven't said Hello included. 1 to 100,000; default 10,000.</summary>
    public int MaxClients { get; set; } = 10_000;

    internal void FindFaults(Faults faults)
    {
        faults.Range(MaxQueuedFrames, 512, 10_000_000, $"Streams:{nameof(MaxQueuedFrames)}");
        faults.Range(MaxUnhandledFrames, 512, 10_000_000, $"Streams:{nameof(MaxUnhandledFrames)}");
        faults.Span(HelloTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), $"Streams:{nameof(HelloTimeout)}");
        faults.Range(MaxParticipants, 1, 100_000, $"Streams:{nameof(MaxParticipants)}");
        faults.Range(MaxClients, 1, 100_000, $"Streams:{nameof(MaxClients)}");
    }
}
