using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Transactions.Clocks;
using Transactions.Coordinator.Server;
using Transactions.Coordinator.Server.Life;
using Transactions.Hosting;

// The coordinator as a process. Settings come from appsettings.json, the environment (Coordinator__Name=…) and the command line
// (--Coordinator:Name …); README.md lists them.
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

// What any other source of configuration may override.
((IConfigurationBuilder)builder.Configuration).Sources.Insert(0, new MemoryConfigurationSource
{
    InitialData =
    [
        new("Logging:LogLevel:Default", "Information"),
        new("Logging:LogLevel:Microsoft", "Warning"),
        new("Logging:LogLevel:Grpc", "Warning"),
    ],
});

// Standard output is for the one line that says where it listens.
builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
IConfigurationSection settings = builder.Configuration.GetSection(CoordinatorServerOptions.Section);
builder.Services.AddCluster(builder.Configuration.GetSection(ClusterOptions.Section).Bind);
builder.Services.AddTransactionCoordinator(settings.Bind);
try
{
    builder.ListenForGrpc(settings[nameof(CoordinatorServerOptions.Listen)] ?? new CoordinatorServerOptions().Listen);
    await using WebApplication app = builder.Build();
    app.MapTransactionCoordinator();
    app.AnnounceAddress();

    // Before anything else looks at the settings, so that a person sees all that is wrong at once.
    app.Services.GetRequiredService<IStartupValidator>().Validate();
    CoordinatorLife life = app.Services.GetRequiredService<CoordinatorLife>();
    await app.RunAsync();
    return life.HasFailed ? 1 : 0;
}
catch (Exception refused) when (
    refused is OptionsValidationException or ClockUnhealthyException or ArgumentException or IOException
    || (refused is AggregateException several && several.InnerExceptions.All(e => e is OptionsValidationException)))
{
    // What is wrong and the remedy, without the way through our code.
    IEnumerable<Exception> faults = refused is AggregateException all ? all.InnerExceptions : [refused];
    await Console.Error.WriteLineAsync($"The coordinator can't start. {string.Join(' ', faults.Select(f => f.Message))}");
    return 1;
}
