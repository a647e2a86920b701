namespace Transactions.IntegrationTests.Fixtures;

/// <summary>One direction of a <see cref="CuttableProxy"/>: may be slow, or stand still while the other goes on. Thread-safe.</summary>
public sealed class ProxyFlow
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _held;
    private TimeSpan _delay;

    /// <summary>Delays all that comes from now on.</summary>
    public void Slow(TimeSpan delay)
    {
        lock (_lock)
        {
            _delay = delay;
        }
    }

    /// <summary>Lets nothing through; what comes is kept, as a sender's repeats would bring it.</summary>
    public void Hold()
    {
        lock (_lock)
        {
            _held ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets everything through at once again.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            _delay = TimeSpan.Zero;
            _held?.TrySetResult();
            _held = null;
        }
    }

    internal async ValueTask PassAsync(CancellationToken cancellationToken)
    {
        Task held;
        TimeSpan delay;
        lock (_lock)
        {
            (held, delay) = (_held?.Task ?? Task.CompletedTask, _delay);
        }

        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, TimeProvider.System, cancellationToken);
        }

        await held.WaitAsync(cancellationToken);
    }
}
