using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using NodaTime;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client;

// Where shards are: hints of coordinators, owners and redirects, which the generation alone proves; configuration overrides them.
internal sealed class ShardDirectory(
    TransactionClientOptions options, CoordinatorDirectory coordinators, ClientClock clock, ILogger logger)
    : IDisposable
{
    // How often coordinators are asked at the most for where shards are.
    private static readonly Duration AskInterval = Duration.FromMilliseconds(200);

    private readonly ConcurrentDictionary<ShardId, Hint> _hints = new();
    private readonly ConcurrentDictionary<ShardId, int> _turns = new();
    private readonly SemaphoreSlim _oneQuestion = new(1);
    private long? _askedAt;

    // ShardUnreachableException: nobody knows, and nothing was sent.
    public async ValueTask<Uri> FindAsync(ShardId shard, CancellationToken cancellationToken)
    {
        if (options.Services.TryGetValue(shard.Service, out IList<Uri>? configured))
        {
            return Choose(shard, configured);
        }

        if (!_hints.TryGetValue(shard, out Hint hint))
        {
            await AskAsync(shard, cancellationToken);
            if (!_hints.TryGetValue(shard, out hint))
            {
                throw new ShardUnreachableException(shard, wasSent: false,
                    $"Nobody knows where shard {shard} is: no coordinator names its owner. Check that a participant of service "
                    + $"'{shard.Service}' runs and reaches the coordinators, or name its address in Transactions:Services:{shard.Service}.");
            }
        }

        return hint.Address;
    }

    // Coordinators and owners say who owns what; the later owner is right.
    public void Learn(ImmutableArray<ShardEndpoint> owners)
    {
        foreach (ShardEndpoint owner in owners)
        {
            if (TryParse(owner.Endpoint, out Uri? address))
            {
                Hint hint = new(owner.Owner.Generation, address);
                _hints.AddOrUpdate(owner.Owner.Shard, hint, (_, known) => known.Generation > hint.Generation ? known : hint);
            }
        }
    }

    // The address is no use now: the next look goes to another, or asks.
    public void Moved(ShardId shard, Uri address, string? next)
    {
        if (TryParse(next, out Uri? redirect))
        {
            // A redirect's generation isn't told: whoever is heard of next is believed.
            _hints[shard] = new(default, redirect);
        }
        else if (_hints.TryGetValue(shard, out Hint hint) && hint.Address == address)
        {
            _hints.TryRemove(KeyValuePair.Create(shard, hint));
        }

        _turns.AddOrUpdate(shard, 1, (_, turn) => turn + 1);
        Log.ShardMoved(logger, shard, address, redirect?.ToString() ?? "whoever owns it now");
    }

    public void Dispose() => _oneQuestion.Dispose();

    // A hint chooses among the configured addresses; without one they take turns.
    private Uri Choose(ShardId shard, IList<Uri> configured) =>
        _hints.TryGetValue(shard, out Hint hint) && configured.Contains(hint.Address)
            ? hint.Address
            : configured[(_turns.GetValueOrDefault(shard) & int.MaxValue) % configured.Count];

    // One question for all who wait for its answer.
    private async Task AskAsync(ShardId shard, CancellationToken cancellationToken)
    {
        long wantedAt = clock.Monotonic;
        await _oneQuestion.WaitAsync(cancellationToken);
        try
        {
            bool wasAskedMeanwhile = _askedAt is { } before && before >= wantedAt;
            if (!coordinators.IsEmpty && !wasAskedMeanwhile && !_hints.ContainsKey(shard))
            {
                await SayHelloAsync(cancellationToken);
            }
        }
        finally
        {
            _oneQuestion.Release();
        }
    }

    private async Task SayHelloAsync(CancellationToken cancellationToken)
    {
        if (_askedAt is { } before && clock.Since(before) < AskInterval)
        {
            await clock.DelayAsync(AskInterval - clock.Since(before), cancellationToken);
        }

        _askedAt = clock.Monotonic;
        coordinators.ForgetHome();
        try
        {
            await coordinators.HomeAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is TransactionRefusedException or ClientClockException)
        {
            // The caller says that the shard's place isn't known; why coordinators didn't answer is in the log.
        }
    }

    private static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && address.Scheme is "http" or "https";

    private readonly record struct Hint(Generation Generation, Uri Address);
}
