using System.Diagnostics;

namespace Transactions.IntegrationTests.Faults;

/// <summary>A disk of a few megabytes, in memory, that can be filled to the last byte.</summary>
/// <remarks>It is unmounted when this process ends, however it ends. Only root may mount. Not thread-safe.</remarks>
internal sealed class SmallDisk : IAsyncDisposable
{
    // Holds the mount for as long as its standard input is open. A server that lies on it is stopped by a guardian of its own,
    // whose time is waited out before the disk is taken away from under it.
    private const string Guardian = """
        trap '' INT TERM HUP PIPE
        mount -t tmpfs -o "size=$2,mode=755" transactions-faults "$1" || exit 1
        echo mounted
        cat >/dev/null
        rm -f "$1/fill"
        n=0
        until umount "$1" 2>/dev/null; do
          n=$((n + 1))
          if [ "$n" -gt 400 ]; then umount -l "$1"; break; fi
          sleep 0.1
        done
        rmdir "$1"
        """;

    private readonly Process _guardian;

    private SmallDisk(string path, Process guardian) => (Path, _guardian) = (path, guardian);

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    private string Filling => System.IO.Path.Combine(Path, "fill");

    /// <summary>Mounts one; null, and why, where that isn't permitted.</summary>
    public static async Task<(SmallDisk? Disk, string Why)> TryMountAsync(int megabytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return (null, "tmpfs is Linux's");
        }

        if (!Environment.IsPrivilegedProcess)
        {
            return (null, "only root may mount");
        }

        string path = Directory.CreateTempSubdirectory("transactions-disk-").FullName;
        Process guardian = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", Guardian, "disk", path, $"{megabytes}m"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        })!;
        if (await guardian.StandardOutput.ReadLineAsync() == "mounted")
        {
            return (new SmallDisk(path, guardian), "");
        }

        string why = (await guardian.StandardError.ReadToEndAsync()).Trim();
        await guardian.WaitForExitAsync();
        guardian.Dispose();
        Directory.Delete(path);
        return (null, why);
    }

    /// <summary>Takes all the room that is left.</summary>
    public void Fill()
    {
        using FileStream file = new(Filling, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] block = new byte[1 << 20];
        for (int size = block.Length; size >= 1024; size /= 4)
        {
            try
            {
                while (true)
                {
                    file.Write(block, 0, size);
                }
            }
            catch (IOException)
            {
                // No room for that many bytes: try fewer.
            }
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Filling);

    public async ValueTask DisposeAsync()
    {
        _guardian.StandardInput.Close();
        await _guardian.WaitForExitAsync();
        _guardian.Dispose();
    }
}
