using NodaTime;

namespace Transactions.Clocks;

/// <summary>What a person tunes about the commit-wait.</summary>
public sealed record CommitWaitOptions
{
    /// <summary>The longest <see cref="MaxWait"/> that is accepted: ten minutes.</summary>
    public static Duration LongestMaxWait { get; } = Duration.FromMinutes(10);

    /// <summary>How long one answer is held back at most. Default 5 s; above zero, up to 10 min.</summary>
    /// <remarks>A healthy clock needs at most twice its uncertainty; more is a clock that is far behind its peers.</remarks>
    public Duration MaxWait { get; init; } = Duration.FromSeconds(5);

    /// <summary>What is wrong with these options, one sentence for each field; empty if nothing is.</summary>
    public IReadOnlyList<string> Validate() =>
        MaxWait > Duration.Zero && MaxWait <= LongestMaxWait
            ? []
            : [OptionErrors.OutOfRange(nameof(CommitWaitOptions), nameof(MaxWait), MaxWait, LongestMaxWait)];
}
