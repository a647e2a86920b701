namespace Transactions.Clocks;

/// <summary>Makes the clock that options ask for.</summary>
public static class ClockFactory
{
    /// <summary>Makes the clock. It may still be unhealthy: see <see cref="ClockStartup.EnsureHealthy"/>.</summary>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every error.</exception>
    public static IBoundedClock Create(ClockOptions options, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(timeProvider);
        OptionErrors.ThrowIfAny(options.Validate(), nameof(options));

        return options.Source switch
        {
            ClockSourceKind.Kernel => new KernelClock(timeProvider, options.MaxUncertainty),
            ClockSourceKind.Fixed => new FixedBoundClock(timeProvider, options.FixedBound.GetValueOrDefault()),
            ClockSourceKind.Unspecified => throw new ArgumentException("The options name no source.", nameof(options)),
        };
    }
}
