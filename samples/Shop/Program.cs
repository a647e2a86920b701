using Shop;
using Spectre.Console;

using CancellationTokenSource interrupted = new();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    interrupted.Cancel();
};

return await ShopRun.RunAsync(AnsiConsole.Console, interrupted.Token);
