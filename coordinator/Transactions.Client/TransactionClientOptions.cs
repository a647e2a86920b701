using System.Text.Json;
using NodaTime;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client;

/// <summary>What a person tunes on a client. Checked when the client is made; its times are plain so that configuration binds them.</summary>
public sealed class TransactionClientOptions
{
    /// <summary>The cluster's name, the same in all of its processes. 1 to 63 characters; no default.</summary>
    public string Cluster { get; set; } = "";

    /// <summary>
    /// Who this client is: idempotency keys are scoped to it, so replicas of one service share it. 1 to 100 characters; no default.
    /// </summary>
    public string ClientId { get; set; } = "";

    /// <summary>
    /// Where coordinators answer, as absolute http or https URIs; the first that answers is home to new transactions. One or
    /// more to begin transactions; none only where transactions come from callers and <see cref="Services"/> names all shards.
    /// </summary>
    public IList<Uri> Coordinators { get; } = [];

    /// <summary>
    /// Where the owners of a service's shards answer, by service name: any of its replicas. Overrides what coordinators say, which
    /// is what serves for a service that isn't named here.
    /// </summary>
    public IDictionary<string, IList<Uri>> Services { get; } = new Dictionary<string, IList<Uri>>(StringComparer.Ordinal);

    /// <summary>How long a transaction, its retries included, may run unless its options say. 1 ms to 1 h; default 30 s.</summary>
    public TimeSpan DefaultTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a coordinator is told that its transactions live. 10 ms to 5 min; default 3 s.</summary>
    /// <remarks>Well below the coordinators' heartbeat timeout, after which they abort what they didn't hear of.</remarks>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long one call to a coordinator may take before it counts as lost. 10 ms to 5 min; default 15 s.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the handshake with a coordinator or a shard's owner may take. 10 ms to 1 min; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a Commit whose reply is lost is asked about before <see cref="TransactionInDoubtException"/>. 10 ms to 1 day;
    /// default 10 min.
    /// </summary>
    public TimeSpan OutcomeWait { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How conflicts are tried again, unless a transaction's options say. Default: 5 ms to 1 s, 100 attempts.</summary>
    public RetryPolicy Retry { get; set; } = new();

    /// <summary>How long to pause before coordinators are asked again for an outcome. Default: 20 ms to 1 s.</summary>
    public RetryPolicy AskAgain { get; set; } = new() { BaseDelay = Duration.FromMilliseconds(20) };

    /// <summary>How many requests may wait for the stream to one shard owner, or to one coordinator. 1 to 1,000,000; default 10,000.</summary>
    public int MaxQueuedRequests { get; set; } = 10_000;

    /// <summary>How documents and stored results become JSON. Default: the web's, camel case.</summary>
    public JsonSerializerOptions Json { get; set; } = new(JsonSerializerDefaults.Web);

    /// <summary>What is wrong, each naming the setting, the limit and the remedy; empty when nothing is.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        List<string> faults = [];
        CheckText(faults, Cluster, WireLimits.MaxClusterLength, nameof(Cluster));
        CheckText(faults, ClientId, TransactionContext.MaxClientLength, nameof(ClientId));
        CheckUris(faults, Coordinators, nameof(Coordinators));
        foreach ((string service, IList<Uri> endpoints) in Services)
        {
            CheckService(faults, service, endpoints);
        }

        CheckTime(faults, DefaultTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(DefaultTimeout));
        CheckTime(faults, HeartbeatInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5), nameof(HeartbeatInterval));
        CheckTime(faults, CallTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5), nameof(CallTimeout));
        CheckTime(faults, ConnectTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), nameof(ConnectTimeout));
        CheckTime(faults, OutcomeWait, TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1), nameof(OutcomeWait));
        CheckPolicy(faults, Retry, nameof(Retry));
        CheckPolicy(faults, AskAgain, nameof(AskAgain));
        if (MaxQueuedRequests is < 1 or > 1_000_000)
        {
            faults.Add($"Transactions:{nameof(MaxQueuedRequests)} is {MaxQueuedRequests}; set it to 1 to 1,000,000.");
        }

        if (Json is null)
        {
            faults.Add($"Transactions:{nameof(Json)} is missing; leave it at its default, or give options.");
        }

        return faults;
    }

    private static void CheckText(List<string> faults, string value, int longest, string name)
    {
        if (string.IsNullOrEmpty(value) || value.Length > longest || value.AsSpan().ContainsAnyInRange('\0', '\x1F'))
        {
            faults.Add($"Transactions:{name} has {value?.Length ?? 0} characters; set it to 1 to {longest} printable ones.");
        }
    }

    private static void CheckService(List<string> faults, string service, IList<Uri> endpoints)
    {
        if (!ShardId.TryParse($"{service}/0", out _))
        {
            faults.Add($"Transactions:Services has '{service}', which is no service name; use a-z, 0-9, '-', '_' and '.'.");
        }

        if (endpoints is null || endpoints.Count == 0)
        {
            faults.Add($"Transactions:Services:{service} names no endpoint; give one or more, or leave the service out.");
        }
        else
        {
            CheckUris(faults, endpoints, $"Services:{service}");
        }
    }

    private static void CheckUris(List<string> faults, IEnumerable<Uri> uris, string name)
    {
        foreach (Uri uri in uris)
        {
            if (uri is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            {
                faults.Add($"Transactions:{name} has '{uri}'; give absolute http or https URIs, like http://localhost:5001.");
            }
        }
    }

    private static void CheckTime(List<string> faults, TimeSpan value, TimeSpan least, TimeSpan most, string name)
    {
        if (value < least || value > most)
        {
            faults.Add($"Transactions:{name} is {value}; set it to at least {least} and at most {most}.");
        }
    }

    private static void CheckPolicy(List<string> faults, RetryPolicy? policy, string name)
    {
        try
        {
            (policy ?? throw new ArgumentException("It is missing; leave it at its default, or give one.")).Validate();
        }
        catch (ArgumentException invalid)
        {
            faults.Add($"Transactions:{name}: {invalid.Message}");
        }
    }
}
