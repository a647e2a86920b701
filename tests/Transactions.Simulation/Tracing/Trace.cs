using System.Security.Cryptography;
using System.Text;

namespace Transactions.Simulation;

/// <summary>What happened, in order: the last part of it kept for people, and a hash of all of it to compare runs by.</summary>
/// <param name="isWritten">
/// Whether every line is put into words at once, so that the hash is over the words, byte for byte; else it is over times, names and
/// kinds, which costs little.
/// </param>
/// <param name="write">Gets every line; null where only the end is wanted.</param>
internal sealed class Trace(bool isWritten, Action<string>? write = null) : IDisposable
{
    private const int Kept = 2_048;
    private const ulong Prime = 1_099_511_628_211;

    private readonly (long Time, string Who, string What, object? About)[] _ring = new (long, string, string, object?)[Kept];
    private readonly IncrementalHash _words = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private ulong _hash = 14_695_981_039_346_656_037;

    public long Count { get; private set; }

    public void Add(long time, string who, string what, object? about)
    {
        _ring[Count % Kept] = (time, who, what, about);
        Count++;
        if (isWritten)
        {
            string line = Line(time, who, what, about);
            _words.AppendData(Encoding.UTF8.GetBytes(line));
            write?.Invoke(line);
        }
        else
        {
            Mix((ulong)time);
            Mix(who);
            Mix(what);
        }
    }

    public string Hash() => isWritten ? Convert.ToHexStringLower(_words.GetCurrentHash()) : _hash.ToString("x16");

    /// <summary>The last lines.</summary>
    public IEnumerable<string> Tail(int lines)
    {
        for (long i = Math.Max(0, Count - Math.Min(lines, Kept)); i < Count; i++)
        {
            (long time, string who, string what, object? about) = _ring[i % Kept];
            yield return Line(time, who, what, about);
        }
    }

    public void Dispose() => _words.Dispose();

    private static string Line(long time, string who, string what, object? about) =>
        $"{(time - World.Start) / 1_000_000.0,10:0.000000}  {who,-14} {what,-10} {Describe.Any(about)}";

    private void Mix(string text)
    {
        foreach (char c in text)
        {
            Mix(c);
        }
    }

    private void Mix(ulong value) => _hash = unchecked((_hash ^ value) * Prime);
}
