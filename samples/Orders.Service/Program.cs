using Shop.Inventory;
using Shop.Orders;
using Shop.Payments;
using Transactions.Client;
using Transactions.Hosting;
using Transactions.Participant.Server;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.ListenForGrpc(builder.Configuration["Participant:Listen"] ?? "http://127.0.0.1:0");
builder.Services.AddCluster(builder.Configuration.GetSection("Cluster").Bind);
builder.Services.AddTransactionParticipant(builder.Configuration.GetSection("Participant").Bind);
builder.Services.AddTransactions(builder.Configuration.GetSection("Transactions").Bind);

// Calls to the other services carry the transaction that they are made in.
builder.Services.AddGrpcClient<Payments.PaymentsClient>(o => o.Address = AddressOf("payments")).AddTransactionPropagation();
builder.Services.AddGrpcClient<Inventory.InventoryClient>(o => o.Address = AddressOf("inventory")).AddTransactionPropagation();

WebApplication app = builder.Build();
app.MapTransactionParticipant();
app.MapGrpcService<OrdersService>();
app.AnnounceAddress();
await app.RunAsync();

Uri AddressOf(string service) => new(builder.Configuration[$"Services:{service}"]
    ?? throw new InvalidOperationException($"Services:{service} isn't set; give the address of the {service} service."));
