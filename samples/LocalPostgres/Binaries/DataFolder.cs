using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Transactions.LocalPostgres.Binaries;

/// <summary>The folder of one server: <c>data</c>, <c>password</c> and <c>log</c>.</summary>
internal sealed class DataFolder
{
    private const int LogTailLines = 15;
    private long _logMark;

    private DataFolder(string path, bool isTemporary, string password)
    {
        Path = path;
        IsTemporary = isTemporary;
        Password = password;
    }

    public string Path { get; }

    public bool IsTemporary { get; }

    /// <summary>Of the user <c>postgres</c>; random, and kept beside the data, readable by their owner only.</summary>
    public string Password { get; }

    public string Data => System.IO.Path.Combine(Path, "data");

    private string LogFile => System.IO.Path.Combine(Path, "log");

    public bool IsInitialised => MajorVersionIn(Path) is not null;

    /// <summary>The major version of the data in a folder, or null where there are none yet.</summary>
    public static int? MajorVersionIn(string path)
    {
        string file = System.IO.Path.Combine(path, "data", "PG_VERSION");
        return File.Exists(file) ? int.Parse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Makes a new temporary folder, or opens the one named.</summary>
    /// <exception cref="PostgresUnavailableException">The user whom the server runs as can't reach it.</exception>
    public static DataFolder Open(string? named, ServerAccount account)
    {
        // Others may pass through (the server's user has to, when it isn't ours), but not look.
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

        if (OperatingSystem.IsWindows())
        {
            throw new PostgresUnavailableException("running PostgreSQL's programs needs a POSIX shell; use Docker here");
        }

        string path = named ?? System.IO.Path.Combine(TemporaryParent(account), "transactions-postgres-" + RandomText(12));
        Directory.CreateDirectory(path, Mode);
        if (account.Prefix.Count > 0 && ClosedToOthers(path) is { } closed)
        {
            throw new PostgresUnavailableException(
                $"the server runs{account.As}, who may not pass through {closed}; choose another folder, or allow it (chmod o+x)");
        }

        return new DataFolder(path, isTemporary: named is null, PasswordIn(path));
    }

    /// <summary>What the log holds from here on is of the coming start.</summary>
    public void MarkLog() => _logMark = File.Exists(LogFile) ? new FileInfo(LogFile).Length : 0;

    /// <summary>The end of the log, back to the last mark at most.</summary>
    public string LogTail()
    {
        if (!File.Exists(LogFile))
        {
            return "(no log)";
        }

        using FileStream log = new(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Seek(_logMark, SeekOrigin.Begin);
        using StreamReader reader = new(log);
        return string.Join(Environment.NewLine, reader.ReadToEnd().TrimEnd().Split('\n').TakeLast(LogTailLines));
    }

    private static string PasswordIn(string path)
    {
        string file = System.IO.Path.Combine(path, "password");
        if (File.Exists(file))
        {
            return File.ReadAllText(file).Trim();
        }

        string password = RandomText(32);
        FileStreamOptions privately = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            privately.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using FileStream stream = new(file, privately);
        stream.Write(Encoding.ASCII.GetBytes(password + "\n"));
        return password;
    }

    // A folder for temporary files may be private to root, and so closed to the server's user.
    private static string TemporaryParent(ServerAccount account)
    {
        string usual = System.IO.Path.GetTempPath();
        return account.Prefix.Count > 0 && ClosedToOthers(usual) is not null ? "/tmp" : usual;
    }

    private static string? ClosedToOthers(string path)
    {
        for (DirectoryInfo? folder = new(path); folder is not null; folder = folder.Parent)
        {
            if (!OperatingSystem.IsWindows() && !folder.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
            {
                return folder.FullName;
            }
        }

        return null;
    }

    private static string RandomText(int length) => RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", length);
}
