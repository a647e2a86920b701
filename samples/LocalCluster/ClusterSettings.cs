using System.Globalization;
using System.Security.Cryptography;

namespace Transactions.LocalCluster;

/// <summary>What all processes of a cluster on this one machine are configured alike with.</summary>
public sealed class ClusterSettings
{
    /// <summary>The cluster's name.</summary>
    public string Name { get; init; } = "local";

    /// <summary>Made anew for each cluster; nobody else has it.</summary>
    public string Secret { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>All processes read the clock of one machine, so that a small bound is no guess: it covers reading it at different moments.</summary>
    public TimeSpan ClockBound { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>How long shards are leased; a successor of a killed owner waits as long.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Further settings of every process, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Extra { get; init; } = new Dictionary<string, string>();

    /// <summary>A coordinator's process.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="connectionString">The decision log's database.</param>
    /// <param name="logFolder">Where its log goes.</param>
    public ServiceProcess Coordinator(string name, string connectionString, string logFolder)
    {
        Dictionary<string, string> settings = Shared();
        settings["Coordinator__Name"] = name;
        settings["Coordinator__ConnectionString"] = connectionString;
        return new ServiceProcess(name, BuiltProgram.Command("Transactions.Coordinator.Server"), settings, "Coordinator__Listen", logFolder);
    }

    /// <summary>The process of a service that owns one shard.</summary>
    /// <param name="service">The service.</param>
    /// <param name="connectionString">The shard's database.</param>
    /// <param name="coordinators">All coordinators.</param>
    /// <param name="called">Where the services that it calls answer.</param>
    /// <param name="logFolder">Where its log goes.</param>
    /// <param name="replica">Its own name where several processes stand ready for the shard; null takes the service's.</param>
    /// <param name="endpoint">Where others reach it, if that isn't where it listens.</param>
    public ServiceProcess Participant(
        ServiceDescription service,
        string connectionString,
        IEnumerable<Uri> coordinators,
        IReadOnlyDictionary<string, Uri> called,
        string logFolder,
        string? replica = null,
        Uri? endpoint = null)
    {
        Dictionary<string, string> settings = Shared();
        string identity = replica ?? service.Name;
        settings["Participant__Identity"] = identity;
        if (endpoint is not null)
        {
            settings["Participant__Endpoint"] = endpoint.ToString().TrimEnd('/');
        }

        settings["Participant__Shards__0__Shard"] = $"{service.Name}/0";
        settings["Participant__Shards__0__ConnectionString"] = connectionString;
        settings["Participant__LeaseDuration"] = LeaseDuration.ToString("c", CultureInfo.InvariantCulture);
        settings["Participant__RenewInterval"] = (LeaseDuration / 6).ToString("c", CultureInfo.InvariantCulture);
        settings["Transactions__Cluster"] = Name;
        settings["Transactions__ClientId"] = service.Name;
        int number = 0;
        foreach (Uri coordinator in coordinators)
        {
            settings[$"Participant__Coordinators__{number}"] = coordinator.ToString();
            settings[$"Transactions__Coordinators__{number++}"] = coordinator.ToString();
        }

        foreach ((string name, Uri address) in called)
        {
            settings[$"Services__{name}"] = address.ToString();
        }

        return new ServiceProcess(identity, BuiltProgram.Command(service.Project), settings, "Participant__Listen", logFolder);
    }

    private Dictionary<string, string> Shared() => new(Extra)
    {
        ["Cluster__Name"] = Name,
        ["Cluster__Secret"] = Secret,
        ["Cluster__FixedClockBound"] = ClockBound.ToString("c", CultureInfo.InvariantCulture),
    };
}
