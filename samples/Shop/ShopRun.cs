using System.Diagnostics;
using Shop.Scenes;
using Spectre.Console;
using Transactions.Client;
using Transactions.Clocks;
using Transactions.LocalCluster;
using Transactions.LocalPostgres;

namespace Shop;

/// <summary>The scripted run: starts everything on this machine, plays the scenes, sums up, and leaves no process behind.</summary>
internal static class ShopRun
{
    private static readonly ServiceDescription[] Services =
    [
        new("payments", "Payments.Service"),
        new("inventory", "Inventory.Service"),
        new("orders", "Orders.Service", "payments", "inventory"),
    ];

    /// <returns>The process's exit code: zero when every scene went as it must.</returns>
    public static async Task<int> RunAsync(IAnsiConsole console, CancellationToken cancellationToken)
    {
        string logs = Path.Combine(Path.GetTempPath(), $"transactions-shop-{Environment.ProcessId}");
        Stopwatch watch = Stopwatch.StartNew();
        try
        {
            bool succeeded = await PlayAsync(console, logs, cancellationToken);
            console.MarkupLine(succeeded
                ? $"[green]All went as it must, in {watch.Elapsed.TotalSeconds:0} s.[/]"
                : $"[red]Something went wrong.[/] The processes' logs are in {Markup.Escape(logs)}.");
            if (succeeded)
            {
                Directory.Delete(logs, recursive: true);
            }

            return succeeded ? 0 : 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            console.MarkupLine("[yellow]Interrupted; everything was stopped.[/]");
            return 130;
        }
        catch (Exception e) when (e is PostgresUnavailableException or ServiceFailedException or FileNotFoundException)
        {
            console.MarkupLine($"[red]The shop can't open.[/] {Markup.Escape(e.Message)}");
            return 1;
        }
    }

    // When it returns, every process has ended.
    private static async Task<bool> PlayAsync(IAnsiConsole console, string logs, CancellationToken cancellationToken)
    {
        PostgresOptions options = PostgresOptions.FromEnvironment() with { Preference = PostgresPreference.InstalledFirst };
        await using PostgresServer postgres = await StepAsync(
            console, "PostgreSQL", _ => PostgresServer.StartAsync(options, cancellationToken), server => server.Description);
        await using RunningCluster cluster = await StepAsync(
            console,
            "Two coordinators, three services",
            progress => RunningCluster.StartAsync(
                postgres, new ClusterSettings { Name = "shop" }, Services, coordinators: 2, logs, DatabasePrefix(postgres), progress, cancellationToken),
            Describe);
        await using ShopWorld shop = ShopWorld.Open(cluster);
        return await PlayAsync(console, shop, cancellationToken);
    }

    private static async Task<bool> PlayAsync(IAnsiConsole console, ShopWorld shop, CancellationToken cancellationToken)
    {
        Timestamp past = default;
        IScene[] scenes =
        [
            new OpenShop(), new ManyOrders(), new DeclinedOrders(), new RepeatedRequest(), new PaymentsKilled(), new CoordinatorKilled(),
            new PastSnapshot(() => past), new Audit(),
        ];

        Table summary = new Table().Title("Summary").AddColumns("", "Scene", "What happened", "Took");
        bool succeeded = true;
        foreach (IScene scene in scenes)
        {
            Stopwatch watch = Stopwatch.StartNew();
            (bool isGood, string what) = await PlayAsync(console, scene, shop, cancellationToken);
            summary.AddRow(
                isGood ? "[green]ok[/]" : "[red]failed[/]",
                Markup.Escape(scene.Title),
                Markup.Escape(what),
                $"{watch.Elapsed.TotalSeconds:0.0} s");
            succeeded &= isGood;
            if (scene is ManyOrders && isGood)
            {
                // A moment to come back to: everything after it must not be in its snapshot.
                past = (await shop.Transactions.SnapshotAsync(SnapshotOptions.Strong, cancellationToken)).ReadTimestamp;
            }
        }

        console.Write(summary);
        return succeeded;
    }

    private static async Task<(bool IsGood, string What)> PlayAsync(
        IAnsiConsole console, IScene scene, ShopWorld shop, CancellationToken cancellationToken)
    {
        try
        {
            string what = await StepAsync(
                console, scene.Title, progress => scene.RunAsync(shop, progress, cancellationToken), result => result);
            return (true, what);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            console.MarkupLine($"[red]✗[/] {Markup.Escape(scene.Title)}: {Markup.Escape(e.Message)}");
            return (false, e.Message);
        }
    }

    // Live on a terminal; elsewhere each step is a line.
    private static async Task<T> StepAsync<T>(
        IAnsiConsole console, string title, Func<Action<string>, Task<T>> run, Func<T, string> describe)
    {
        T result = default!;
        if (console.Profile.Capabilities.Interactive)
        {
            await console.Status().StartAsync(
                Markup.Escape(title),
                async status => result = await run(step => status.Status(Markup.Escape($"{title}: {step}"))));
        }
        else
        {
            result = await run(_ => { });
        }

        console.MarkupLine($"[green]✓[/] {Markup.Escape(title)}: {Markup.Escape(describe(result))}");
        return result;
    }

    private static string DatabasePrefix(PostgresServer postgres) => postgres.IsOurs ? "" : $"shop_{Environment.ProcessId}_";

    private static string Describe(RunningCluster cluster) => string.Join(
        ", ", cluster.Coordinators.Concat(cluster.Services.Values).Select(process => $"{process.Name} at {process.Address}"));
}
