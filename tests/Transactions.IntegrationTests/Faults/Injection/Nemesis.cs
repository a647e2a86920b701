using System.Collections.Concurrent;
using Npgsql;

namespace Transactions.IntegrationTests.Faults;

/// <summary>Carries a schedule of faults out, and mends each again.</summary>
/// <remarks>Lanes run at once; no target has two faults at a time. What it doesn't get to, it leaves out.</remarks>
internal sealed partial class Nemesis(FaultCluster cluster, Action<string> say)
{
    private static readonly TimeSpan TakeoverLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<FaultKind, int> _done = new();

    /// <summary>How many of each kind were carried out.</summary>
    public IReadOnlyDictionary<FaultKind, int> Done => _done;

    /// <summary>Returns when all is mended again; once the token fires, no further fault begins.</summary>
    public async Task RunAsync(FaultSchedule schedule, CancellationToken stop) =>
        await Task.WhenAll(schedule.Lanes.Select(lane => RunLaneAsync(lane, stop)));

    private static Task WaitAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System, CancellationToken.None);

    private async Task RunLaneAsync(IReadOnlyList<Fault> lane, CancellationToken stop)
    {
        foreach (Fault fault in lane)
        {
            try
            {
                await Task.Delay(fault.After, TimeProvider.System, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await InjectAsync(fault);
            _done.AddOrUpdate(fault.Kind, 1, (_, count) => count + 1);
        }
    }

    private Task InjectAsync(Fault fault) => fault.Kind switch
    {
        FaultKind.KillParticipant => KillParticipantAsync(fault),
        FaultKind.KillCoordinator => KillAsync(fault, Choose(cluster.CoordinatorProcesses, fault)),
        FaultKind.StopOwner => StopOwnerAsync(fault, times: 1),
        FaultKind.StopCoordinator => StopAsync(fault, Choose(cluster.CoordinatorProcesses, fault)),
        FaultKind.OwnersFight => StopOwnerAsync(fault, times: 2 + (fault.Draw / 7 % 2)),
        FaultKind.BreakLink => BreakAsync(fault, ChooseLink(fault)),
        FaultKind.CutLink => CutAsync(fault, ChooseLink(fault)),
        FaultKind.LinkDown => TakeDownAsync(fault, ChooseLink(fault)),
        FaultKind.SlowLink => SlowAsync(fault, ChooseLink(fault)),
        FaultKind.BlackHole => HoldAsync(fault, ChooseLink(fault)),
        FaultKind.KillPostgres => KillServerAsync(fault, Choose(cluster.Servers, fault)),
        FaultKind.FreezePostgres => FreezeServerAsync(fault, Choose(cluster.Servers, fault)),
        FaultKind.DiskFull => FillDiskAsync(fault, cluster.Smallest),
    };

    // Mostly an owner: killing one that stands by is survived too easily.
    private async Task KillParticipantAsync(Fault fault)
    {
        string service = FaultCluster.Services[fault.Draw % FaultCluster.Services.Length];
        Member? owner = fault.Draw / 13 % 4 == 0 ? null : await FindOwnerAsync(service);
        await KillAsync(fault, owner ?? Choose(cluster.ParticipantProcesses, fault));
    }

    private Link ChooseLink(Fault fault)
    {
        LinkKind kind = Choose(Enum.GetValues<LinkKind>(), fault);
        return Choose([.. cluster.Links.Where(link => link.Kind == kind)], fault with { Draw = fault.Draw / 4 });
    }

    private static T Choose<T>(IReadOnlyList<T> from, Fault fault) => from[fault.Draw % from.Count];

    private async Task KillAsync(Fault fault, Member member)
    {
        using IDisposable _ = await TakeAsync(member.Gate);
        say($"{fault.Kind}: {member.Name}, for {fault.Lasts.TotalSeconds:0.00} s");
        await member.KillAsync();
        await WaitAsync(fault.Lasts);
        await member.StartAsync(CancellationToken.None);
    }

    private async Task StopAsync(Fault fault, Member member)
    {
        using IDisposable _ = await TakeAsync(member.Gate);
        say($"{fault.Kind}: {member.Name}, for {fault.Lasts.TotalSeconds:0.00} s");
        member.Process.Pause();
        await WaitAsync(fault.Lasts);
        member.Process.Resume();
    }

    // The stopped one wakes up while its rival serves; with times above one it gets the shard back the same way.
    private async Task StopOwnerAsync(Fault fault, int times)
    {
        string service = FaultCluster.Services[fault.Draw % FaultCluster.Services.Length];
        IReadOnlyList<Member> replicas = cluster.ReplicasOf(service);
        using IDisposable first = await TakeAsync(replicas[0].Gate);
        using IDisposable second = await TakeAsync(replicas[1].Gate);
        for (int i = 0; i < times; i++)
        {
            if (await FindOwnerAsync(service) is not { } owner)
            {
                return;
            }

            say($"{fault.Kind}: {owner.Name} stops, for {fault.Lasts.TotalSeconds:0.00} s after another took {service}/0");
            owner.Process.Pause();
            await UntilOtherOwnsAsync(service, owner);
            await WaitAsync(fault.Lasts);
            owner.Process.Resume();
        }
    }

    // Its database may be down meanwhile, or its links: then nobody takes over, and the lease passes all the same.
    private async Task UntilOtherOwnsAsync(string service, Member owner)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(startedAt) < TakeoverLimit)
        {
            await WaitAsync(Poll);
            if (await FindOwnerAsync(service) is { } now && now != owner)
            {
                return;
            }
        }

        say($"nobody took {service}/0 from {owner.Name} in {TakeoverLimit.TotalSeconds} s");
    }

    private async Task<Member?> FindOwnerAsync(string service)
    {
        try
        {
            return await cluster.OwnerOfAsync(service);
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    private static async Task<IDisposable> TakeAsync(SemaphoreSlim gate)
    {
        await gate.WaitAsync();
        return new Taken(gate);
    }

    private sealed class Taken(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
