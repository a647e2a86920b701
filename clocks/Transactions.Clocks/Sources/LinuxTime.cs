using System.Runtime.InteropServices;

namespace Transactions.Clocks;

/// <summary>The Linux calls of the clock sources.</summary>
internal static partial class LinuxTime
{
    /// <summary>Asks the kernel about its clock and changes nothing.</summary>
    /// <param name="timex">Zeroed room for a <c>struct timex</c>; zero modes mean that the call only reads.</param>
    /// <returns>The kernel's return code, negative if the call failed.</returns>
    /// <exception cref="PlatformNotSupportedException">This isn't 64-bit Linux, the only layout known here.</exception>
    public static int Adjtimex(Span<byte> timex)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess || !BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException();
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(timex.Length, KernelTimex.Size);
        return AdjtimexNative(ref MemoryMarshal.GetReference(timex));
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AdjtimexNative(ref byte timex);
}
