using Transactions.IntegrationTests.Fixtures;

namespace Transactions.IntegrationTests.Faults;

/// <content>What goes wrong between processes.</content>
internal sealed partial class Nemesis
{
    private async Task BreakAsync(Fault fault, Link link)
    {
        using IDisposable _ = await TakeAsync(link.Gate);
        int times = 1 + (fault.Draw / 17 % 3);
        say($"{fault.Kind}: {link.Name}, {times} times in {fault.Lasts.TotalSeconds:0.00} s");
        for (int i = 0; i < times; i++)
        {
            link.Proxy.Break();
            await WaitAsync(fault.Lasts / times);
        }
    }

    private async Task CutAsync(Fault fault, Link link)
    {
        using IDisposable _ = await TakeAsync(link.Gate);
        say($"{fault.Kind}: {link.Name}, the other end told after {fault.Lasts.TotalSeconds:0.00} s");
        link.Proxy.Cut();
        await WaitAsync(fault.Lasts);
        link.Proxy.Break();
    }

    private async Task TakeDownAsync(Fault fault, Link link)
    {
        using IDisposable _ = await TakeAsync(link.Gate);
        say($"{fault.Kind}: {link.Name}, for {fault.Lasts.TotalSeconds:0.00} s");
        link.Proxy.GoDown();
        await WaitAsync(fault.Lasts);
        link.Proxy.ComeBack();
    }

    private async Task SlowAsync(Fault fault, Link link)
    {
        using IDisposable _ = await TakeAsync(link.Gate);
        (ProxyFlow flow, string direction) = OneDirection(fault, link);
        TimeSpan delay = TimeSpan.FromMilliseconds(5 + (fault.Draw / 31 % 200));
        say($"{fault.Kind}: {link.Name}, {direction} by {delay.TotalMilliseconds} ms, for {fault.Lasts.TotalSeconds:0.00} s");
        flow.Slow(delay);
        await WaitAsync(fault.Lasts);
        flow.Heal();
    }

    private async Task HoldAsync(Fault fault, Link link)
    {
        using IDisposable _ = await TakeAsync(link.Gate);
        (ProxyFlow flow, string direction) = OneDirection(fault, link);
        bool breaks = fault.Draw / 31 % 2 == 0;
        say($"{fault.Kind}: {link.Name}, {direction} for {fault.Lasts.TotalSeconds:0.00} s, then {(breaks ? "breaks" : "all arrives")}");
        flow.Hold();
        await WaitAsync(fault.Lasts);
        if (breaks)
        {
            link.Proxy.Break();
        }

        flow.Heal();
    }

    private static (ProxyFlow Flow, string Name) OneDirection(Fault fault, Link link) => fault.Draw / 17 % 2 == 0
        ? (link.Proxy.ToServer, "requests")
        : (link.Proxy.ToClient, "answers");
}
