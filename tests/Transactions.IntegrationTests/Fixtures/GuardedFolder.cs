using System.Diagnostics;

namespace Transactions.IntegrationTests.Fixtures;

/// <summary>A temporary folder that goes with its user, and with this process however it ends.</summary>
internal sealed class GuardedFolder : IDisposable
{
    private const string Script = """
        trap '' INT TERM HUP PIPE
        cat >/dev/null
        rm -rf "$1"
        """;

    private readonly Process _guardian;

    public GuardedFolder(string prefix)
    {
        Path = Directory.CreateTempSubdirectory($"transactions-{prefix}-").FullName;
        _guardian = Process.Start(new ProcessStartInfo("sh", ["-c", Script, "folder", Path])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        })!;
    }

    public string Path { get; }

    public void Dispose()
    {
        _guardian.StandardInput.Close();
        _guardian.WaitForExit();
        _guardian.Dispose();
    }
}
