using System.Runtime.InteropServices;

namespace Transactions.LocalCluster;

/// <summary>Sends POSIX signals to processes that we started.</summary>
internal static partial class Signals
{
    public const int Kill = 9;
    public const int Terminate = 15;

    // Linux's numbers; macOS has others.
    public static int Stop { get; } = OperatingSystem.IsMacOS() ? 17 : 19;

    public static int Continue { get; } = OperatingSystem.IsMacOS() ? 19 : 18;

    public static bool TrySend(int process, int signal) => Send(process, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int process, int signal);
}
