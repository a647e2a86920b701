using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Transactions.LocalPostgres;

/// <summary>Which PostgreSQL to start, and how.</summary>
public sealed partial record PostgresOptions
{
    /// <summary>The environment variable that chooses the backend:
    /// <c>auto</c>, <c>docker</c>, <c>local</c>, <c>embedded</c>, <c>none</c>, or a connection string.</summary>
    public const string Variable = "TRANSACTIONS_POSTGRES";

    /// <summary>The oldest major version that the project supports, and the one taken where nothing else decides.</summary>
    public const int OldestVersion = 15;

    /// <summary>The newest major version that the project is tested with.</summary>
    public const int NewestVersion = 18;

    /// <summary>Where the server comes from. One that is named and can't start is a failure; nothing else is tried then.</summary>
    public PostgresBackend Backend { get; init; } = PostgresBackend.Auto;

    /// <summary>What <see cref="PostgresBackend.Auto"/> tries first.</summary>
    public PostgresPreference Preference { get; init; } = PostgresPreference.InstalledFirst;

    /// <summary>The server of <see cref="PostgresBackend.Given"/>; its user may create databases.</summary>
    public string? GivenConnectionString { get; init; }

    /// <summary>The major version wanted, 15 to 18; null takes the newest installed one, or 15 where it must be fetched.</summary>
    public int? Version { get; init; }

    /// <summary>Whether what was acknowledged also survives a crash of the machine (<c>fsync</c>). A killed server loses
    /// nothing either way.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Settings of the server by name, such as <c>max_connections</c>; they come on top of ours.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>A folder whose data outlive the server; null takes a temporary one, deleted with the server.
    /// Not for Docker.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>Is told, in one line each, what is tried and what was taken. Never holds a secret.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Options as <see cref="Variable"/> asks for them.</summary>
    /// <exception cref="ArgumentException">The variable's value is none of those allowed, or is <c>none</c> in CI.</exception>
    public static PostgresOptions FromEnvironment() =>
        FromSwitch(Environment.GetEnvironmentVariable(Variable), inCi: Environment.GetEnvironmentVariable("CI") == "true");

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it and the remedy.</exception>
    public void Validate()
    {
        Require(Enum.IsDefined(Backend), $"{nameof(Backend)} {Backend} is not known.");
        Require(Enum.IsDefined(Preference), $"{nameof(Preference)} {Preference} is not known.");
        Require(
            Version is null or (>= OldestVersion and <= NewestVersion),
            $"{nameof(Version)} {Version} is not supported; choose {OldestVersion} to {NewestVersion}.");
        Require(
            (Backend == PostgresBackend.Given) == (GivenConnectionString is not null),
            $"{nameof(GivenConnectionString)} goes with {nameof(Backend)} {PostgresBackend.Given}, and only with it.");
        Require(
            DataDirectory is null || Backend is not (PostgresBackend.Docker or PostgresBackend.Given),
            $"{nameof(DataDirectory)} needs a server run from programs; choose {PostgresBackend.Installed} or {PostgresBackend.Embedded}.");
        Require(DataDirectory is null || Path.IsPathFullyQualified(DataDirectory), $"{nameof(DataDirectory)} must be a full path.");

        foreach ((string name, string value) in Settings)
        {
            Require(SettingName().IsMatch(name), $"{nameof(Settings)}: '{name}' is not the name of a PostgreSQL setting.");
            Require(!value.AsSpan().ContainsAny('\0', '\r', '\n'), $"{nameof(Settings)}: the value of {name} must be one line.");
            Require(
                name is not ("port" or "listen_addresses" or "data_directory"),
                $"{nameof(Settings)}: {name} is chosen by the backend; leave it out.");
        }
    }

    internal static PostgresOptions FromSwitch(string? value, bool inCi)
    {
        string choice = value?.Trim() ?? "";
        if (inCi && choice.Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"{Variable}=none is not allowed in CI: its tests need PostgreSQL. Unset it.");
        }

        return choice.ToLower(CultureInfo.InvariantCulture) switch
        {
            "" or "auto" => new PostgresOptions(),
            "docker" => new PostgresOptions { Backend = PostgresBackend.Docker },
            "local" => new PostgresOptions { Backend = PostgresBackend.Installed },
            "embedded" => new PostgresOptions { Backend = PostgresBackend.Embedded },
            "none" => new PostgresOptions { Backend = PostgresBackend.None },
            _ when IsConnectionString(choice) => new PostgresOptions { Backend = PostgresBackend.Given, GivenConnectionString = choice },
            // The value may hold a password, so it isn't repeated here.
            _ => throw new ArgumentException(
                $"{Variable} must be auto, docker, local, embedded, none or an Npgsql connection string such as Host=127.0.0.1;Username=postgres."),
        };
    }

    /// <summary>Leaves out <see cref="GivenConnectionString"/>, which may hold a password.</summary>
    public override string ToString() => $"{Backend}, {Preference}, version {Version?.ToString(CultureInfo.InvariantCulture) ?? "any"}";

    private static bool IsConnectionString(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text).Host is not null;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_.]*$")]
    private static partial Regex SettingName();
}
