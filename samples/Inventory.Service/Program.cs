using Shop.Inventory;
using Transactions.Client;
using Transactions.Hosting;
using Transactions.Participant.Server;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.ListenForGrpc(builder.Configuration["Participant:Listen"] ?? "http://127.0.0.1:0");
builder.Services.AddCluster(builder.Configuration.GetSection("Cluster").Bind);
builder.Services.AddTransactionParticipant(builder.Configuration.GetSection("Participant").Bind);
builder.Services.AddTransactions(builder.Configuration.GetSection("Transactions").Bind);

WebApplication app = builder.Build();
app.MapTransactionParticipant();
app.MapGrpcService<InventoryService>();
app.AnnounceAddress();
await app.RunAsync();
