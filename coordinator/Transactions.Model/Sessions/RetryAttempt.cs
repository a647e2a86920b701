using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>Which run of a business transaction this is, and with which priority: the first run's (X4), so that it grows old.</summary>
/// <param name="Number">Counts the runs, from 0.</param>
/// <param name="Priority">The start timestamp of the first run.</param>
public readonly record struct RetryAttempt(int Number, Timestamp Priority)
{
    /// <summary>The first run.</summary>
    /// <param name="now">The present, which becomes the priority of this and every later run.</param>
    public static RetryAttempt First(Timestamp now) => new(0, now);

    /// <summary>The run after this one.</summary>
    public RetryAttempt Next() => this with { Number = Number + 1 };
}
