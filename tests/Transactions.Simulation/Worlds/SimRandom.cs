namespace Transactions.Simulation;

/// <summary>Chance from a seed: a permuted congruential generator, the same on every machine and version of .NET.</summary>
internal sealed class SimRandom
{
    private const ulong Multiplier = 6_364_136_223_846_793_005;

    private readonly ulong _increment;
    private ulong _state;

    public SimRandom(ulong seed, ulong stream = 0)
    {
        _increment = (stream << 1) | 1;
        NextUInt();
        _state += seed;
        NextUInt();
    }

    public uint NextUInt()
    {
        ulong old = _state;
        _state = unchecked((old * Multiplier) + _increment);
        uint shifted = (uint)(((old >> 18) ^ old) >> 27);
        return uint.RotateRight(shifted, (int)(old >> 59));
    }

    public long NextLong() => (long)(((ulong)NextUInt() << 32) | NextUInt());

    /// <summary>From 0 to below <paramref name="limit"/>.</summary>
    public int Next(int limit) => (int)(((ulong)NextUInt() * (ulong)limit) >> 32);

    /// <summary>From <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public long Between(long least, long most)
    {
        ulong width = (ulong)(most - least) + 1;
        return least + (long)(width <= uint.MaxValue ? ((ulong)NextUInt() * width) >> 32 : (ulong)NextLong() % width);
    }

    /// <summary>From 0 to below 1.</summary>
    public double NextDouble() => NextUInt() / 4_294_967_296.0;

    /// <summary>True with the given probability; nothing is drawn for one that never comes.</summary>
    public bool Chance(double probability) => probability > 0 && NextDouble() < probability;

    /// <summary>Between the two, small ones as often as large ones.</summary>
    public long Skewed(long least, long most) =>
        Math.Clamp((long)(Math.Max(1, least) * Math.Pow((double)most / Math.Max(1, least), NextDouble())), least, most);

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    public void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)NextUInt();
        }
    }

    /// <summary>A generator of its own, so that what one part draws doesn't shift what others draw.</summary>
    public SimRandom Fork() => new((ulong)NextLong(), (ulong)NextLong());
}
