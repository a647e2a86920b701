using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Hosting;

/// <summary>What all processes of a cluster are configured alike with; compared at every handshake.</summary>
public sealed class ClusterOptions
{
    /// <summary>The longest cluster name, in characters.</summary>
    public const int MaxNameLength = WireLimits.MaxClusterLength;

    /// <summary>The configuration section that processes bind the options to.</summary>
    public const string Section = "Cluster";

    /// <summary>The cluster's name. 1 to 63 characters.</summary>
    public string Name { get; set; } = "";

    /// <summary>
    /// The secret that all coordinators and participants hold: Base64 of at least 16 random bytes, such as
    /// <c>openssl rand -base64 32</c> gives. Never logged.
    /// </summary>
    public string Secret { get; set; } = "";

    /// <summary>Which of the keys derived from the secret are in use; raise it to replace them. 1 to 1,000,000.</summary>
    public int KeyEpoch { get; set; } = 1;

    /// <summary>How far ahead a peer's timestamp may lie (T2). 1 ms to 10 s; default 500 ms.</summary>
    public TimeSpan MaxOffset { get; set; } = ProtocolLimits.Default.MaxOffset.ToTimeSpan();

    /// <summary>How long a transaction may run (X1). 1 s to 1 h; default 60 s.</summary>
    public TimeSpan MaxLifetime { get; set; } = ProtocolLimits.Default.MaxLifetime.ToTimeSpan();

    /// <summary>How long outcomes are kept after they were applied (D5). 1 min to 365 days; default 7 days.</summary>
    public TimeSpan Retention { get; set; } = ProtocolLimits.Default.Retention.ToTimeSpan();

    /// <summary>A fixed bound of the clock's error, which is an assumption; null asks the kernel, which measures it.</summary>
    public TimeSpan? FixedClockBound { get; set; }

    /// <summary>The widest uncertainty under which timestamps are still chosen. Default 200 ms; at most half of MaxOffset.</summary>
    public TimeSpan MaxUncertainty { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The limits that the machines go by.</summary>
    public ProtocolLimits ToLimits() => new(
        ClockMode.Bounded, Duration.FromTimeSpan(MaxOffset), Duration.FromTimeSpan(MaxLifetime), Duration.FromTimeSpan(Retention));

    /// <summary>What both sides of a handshake compare.</summary>
    public ClusterIdentity ToIdentity() => new(Name, ToLimits());

    /// <summary>The secret, ready to derive keys from.</summary>
    /// <exception cref="ArgumentException">It isn't one; the message says the remedy and doesn't repeat it.</exception>
    public ClusterSecret ToSecret() => ClusterSecret.Parse(Secret);

    /// <summary>The clock that goes with them.</summary>
    public ClockOptions ToClockOptions() => new()
    {
        Source = FixedClockBound is null ? ClockSourceKind.Kernel : ClockSourceKind.Fixed,
        FixedBound = FixedClockBound is { } bound ? Duration.FromTimeSpan(bound) : null,
        MaxUncertainty = Duration.FromTimeSpan(MaxUncertainty),
        MaxOffset = Duration.FromTimeSpan(MaxOffset),
        Mode = ClockMode.Bounded,
    };

    /// <summary>What is wrong, each naming the setting, the limit and the remedy; empty when nothing is.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        List<string> faults = [];
        if (Name.Length is 0 or > MaxNameLength)
        {
            faults.Add($"Cluster:Name has {Name.Length} characters; give every process of the cluster the same name of 1 to {MaxNameLength}.");
        }

        if (KeyEpoch is < 1 or > WireLimits.MaxKeyEpoch)
        {
            faults.Add($"Cluster:KeyEpoch is {KeyEpoch}; set it to at least 1 and at most {WireLimits.MaxKeyEpoch}.");
        }

        Try(() => ToSecret(), "Cluster:Secret", faults);
        Try(() => ToLimits().Validate(), "Cluster", faults);

        faults.AddRange(ToClockOptions().Validate());
        return faults;
    }

    private static void Try(Action check, string section, List<string> faults)
    {
        try
        {
            check();
        }
        catch (ArgumentException invalid)
        {
            faults.Add($"{section}: {invalid.Message}");
        }
    }
}
