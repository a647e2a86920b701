using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalCluster;

namespace Transactions.IntegrationTests.Faults;

/// <summary>A process of the cluster and the proxy that everybody reaches it through. One fault at a time: take <see cref="Gate"/>.</summary>
internal sealed class Member : IAsyncDisposable
{
    // One that can't come up (its database may be down at just that moment) is started again, as any supervisor would.
    private const int Starts = 10;
    private readonly List<string> _ownEnds = [];
    private bool _shouldRun;

    public Member(string name)
    {
        Name = name;
        Door = new CuttableProxy(() => Process?.Address is { } address ? (address.Host, address.Port) : null);
    }

    public string Name { get; }

    /// <summary>Disposed by whoever made this.</summary>
    public CuttableProxy Door { get; }

    public ServiceProcess Process { get; set; } = null!;

    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>Where it ended without being told to, and what it last said.</summary>
    public IReadOnlyList<string> OwnEnds
    {
        get
        {
            NoteOwnEnd();
            return _ownEnds;
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (int i = 1; ; i++)
        {
            try
            {
                await Process.StartAsync(cancellationToken);
                _shouldRun = true;
                return;
            }
            catch (ServiceFailedException) when (i < Starts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            }
        }
    }

    public async Task KillAsync()
    {
        NoteOwnEnd();
        _shouldRun = false;
        await Process.KillAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Process is not null)
        {
            await Process.DisposeAsync();
        }

        Gate.Dispose();
    }

    private void NoteOwnEnd()
    {
        if (_shouldRun && !Process.IsRunning)
        {
            _shouldRun = false;
            _ownEnds.Add($"{Name} ended by itself:\n{Process.LogTail(40)}");
        }
    }
}
