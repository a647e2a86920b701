using NodaTime;

namespace Transactions.Clocks;

/// <summary>What a person tunes about the clock of a process.</summary>
public sealed record ClockOptions
{
    /// <summary>The widest <see cref="MaxUncertainty"/> that is accepted: 10 s.</summary>
    public static Duration WidestMaxUncertainty { get; } = Duration.FromSeconds(10);

    /// <summary>The widest <see cref="MaxOffset"/> that is accepted: 60 s.</summary>
    public static Duration WidestMaxOffset { get; } = Duration.FromSeconds(60);

    /// <summary>Where the bounds come from. Default: the kernel.</summary>
    public ClockSourceKind Source { get; init; } = ClockSourceKind.Kernel;

    /// <summary>The bound of <see cref="ClockSourceKind.Fixed"/>: above zero, up to <see cref="MaxUncertainty"/>. Required for
    /// that source, and for no other.</summary>
    public Duration? FixedBound { get; init; }

    /// <summary>A clock whose bound is wider than this counts as unhealthy. Default 250 ms; above zero, up to 10 s.</summary>
    public Duration MaxUncertainty { get; init; } = Duration.FromMilliseconds(250);

    /// <summary>A peer's timestamp that is further ahead is refused. Default 500 ms; from twice
    /// <see cref="MaxUncertainty"/>, which is as far as two healthy clocks can differ, up to 60 s. The same in the whole
    /// cluster.</summary>
    public Duration MaxOffset { get; init; } = Duration.FromMilliseconds(500);

    /// <summary>The mode of the cluster (T5). Default, and so far the only one: bounded.</summary>
    public ClockMode Mode { get; init; } = ClockMode.Bounded;

    /// <summary>What is wrong with these options, one or two sentences for each field; empty if nothing is.</summary>
    public IReadOnlyList<string> Validate() =>
        [.. SourceErrors(), .. UncertaintyErrors(), .. OffsetErrors(), .. ModeErrors()];

    private IEnumerable<string> SourceErrors()
    {
        if (Source is not (ClockSourceKind.Kernel or ClockSourceKind.Fixed))
        {
            yield return $"ClockOptions.Source is {Source}. Choose Kernel or Fixed.";
        }
        else if (Source == ClockSourceKind.Kernel && FixedBound is not null)
        {
            yield return "ClockOptions.FixedBound is set, but Source is Kernel, which has bounds of its own. Remove FixedBound, "
                + "or set Source to Fixed.";
        }
        else if (Source == ClockSourceKind.Fixed && FixedBound is null)
        {
            yield return "ClockOptions.FixedBound is not set, and Source is Fixed. Set it to a bound that the clock of every "
                + "machine keeps.";
        }
        else if (FixedBound is { } bound && (bound <= Duration.Zero || bound > MaxUncertainty))
        {
            yield return OptionErrors.OutOfRange(nameof(ClockOptions), nameof(FixedBound), bound, MaxUncertainty);
        }
    }

    private IEnumerable<string> UncertaintyErrors()
    {
        if (MaxUncertainty <= Duration.Zero || MaxUncertainty > WidestMaxUncertainty)
        {
            yield return OptionErrors.OutOfRange(
                nameof(ClockOptions), nameof(MaxUncertainty), MaxUncertainty, WidestMaxUncertainty);
        }
    }

    private IEnumerable<string> OffsetErrors()
    {
        if (MaxOffset <= Duration.Zero || MaxOffset > WidestMaxOffset)
        {
            yield return OptionErrors.OutOfRange(nameof(ClockOptions), nameof(MaxOffset), MaxOffset, WidestMaxOffset);
        }
        else if (MaxOffset < MaxUncertainty * 2)
        {
            yield return $"ClockOptions.MaxOffset is {OptionErrors.Words(MaxOffset)}, and must be at least twice MaxUncertainty, "
                + $"{OptionErrors.Words(MaxUncertainty * 2)}: healthy peers would refuse each other. Raise MaxOffset or lower "
                + "MaxUncertainty.";
        }
    }

    private IEnumerable<string> ModeErrors()
    {
        if (Mode == ClockMode.Hybrid)
        {
            yield return "ClockOptions.Mode is Hybrid: hybrid mode is not available yet in this version. Set it to Bounded.";
        }
        else if (Mode != ClockMode.Bounded)
        {
            yield return $"ClockOptions.Mode is {Mode}. Set it to Bounded.";
        }
    }
}
