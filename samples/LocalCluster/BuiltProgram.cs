using System.Reflection;

namespace Transactions.LocalCluster;

/// <summary>Finds the programs that were built beside this one.</summary>
public static class BuiltProgram
{
    /// <summary>The command that runs a project's program.</summary>
    /// <param name="project">The project's name, like <c>Transactions.Coordinator.Server</c>.</param>
    /// <exception cref="FileNotFoundException">It isn't built; the message says how to.</exception>
    public static IReadOnlyList<string> Command(string project)
    {
        string folder = Path.Combine(Metadata("BuiltPrograms"), project, Metadata("BuiltConfiguration"));
        string program = Path.Combine(folder, project + ".dll");
        return File.Exists(program)
            ? [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", program]
            : throw new FileNotFoundException($"{program} isn't there; build the solution first (dotnet build Transactions.sln).", program);
    }

    private static string Metadata(string key) => typeof(BuiltProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
