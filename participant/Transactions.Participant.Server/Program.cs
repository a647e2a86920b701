using Microsoft.Extensions.Logging.Console;
using Transactions.Hosting;
using Transactions.Participant.Server;

// The stand-alone participant: owns shards for clients in any language, tools and tests. Settings come from appsettings.json,
// the environment (Participant__Listen=…) and the command line (--Participant:Listen …).
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

// Standard output is for the one line that says where it listens.
builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
builder.ListenForGrpc(builder.Configuration["Participant:Listen"] ?? "http://127.0.0.1:0");
builder.Services.AddCluster(builder.Configuration.GetSection("Cluster").Bind);
builder.Services.AddTransactionParticipant(builder.Configuration.GetSection("Participant").Bind);

WebApplication app = builder.Build();
app.MapTransactionParticipant();
app.AnnounceAddress();
await app.RunAsync();
