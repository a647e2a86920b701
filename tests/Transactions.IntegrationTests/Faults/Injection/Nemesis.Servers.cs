using Npgsql;

namespace Transactions.IntegrationTests.Faults;

/// <content>What goes wrong with PostgreSQL.</content>
internal sealed partial class Nemesis
{
    private async Task KillServerAsync(Fault fault, DatabaseServer server)
    {
        using IDisposable _ = await TakeAsync(server.Gate);
        say($"{fault.Kind}: {server.Name}, for {fault.Lasts.TotalSeconds:0.00} s");
        await server.Server.KillAsync();
        await WaitAsync(fault.Lasts);
        await server.Server.StartAgainAsync();
    }

    private async Task FreezeServerAsync(Fault fault, DatabaseServer server)
    {
        using IDisposable _ = await TakeAsync(server.Gate);
        say($"{fault.Kind}: {server.Name}, for {fault.Lasts.TotalSeconds:0.00} s");
        await server.Server.PauseAsync();
        await WaitAsync(fault.Lasts);
        await server.Server.ResumeAsync();
    }

    private async Task FillDiskAsync(Fault fault, DatabaseServer server)
    {
        using IDisposable _ = await TakeAsync(server.Gate);
        say($"{fault.Kind}: {server.Name}, for {fault.Lasts.TotalSeconds:0.00} s");
        if (server.Disk is not { } disk)
        {
            await RefuseWritesAsync(server, "on");
            await WaitAsync(fault.Lasts);
            await RefuseWritesAsync(server, "off");
            return;
        }

        disk.Fill();
        await WaitAsync(fault.Lasts);
        disk.Free();

        // A server that can't write its log ends, and can't recover before there is room.
        await server.RecoverAsync();
    }

    private static async Task RefuseWritesAsync(DatabaseServer server, string value)
    {
        await using NpgsqlConnection connection = new(server.ConnectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand set = new($"alter system set default_transaction_read_only = {value}", connection);
        await set.ExecuteNonQueryAsync();
        await using NpgsqlCommand reload = new("select pg_reload_conf()", connection);
        await reload.ExecuteNonQueryAsync();
    }
}
