using System.Reflection;
using System.Runtime.CompilerServices;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;
using Xunit;

namespace Transactions.Architecture.Tests;

/// <summary>The machines are pure: they can't do I/O, directly or through another package, and never wait.</summary>
public sealed class PurityTests
{
    private static readonly string[] IoPackages =
    [
        "Npgsql", "Dapper", "Grpc", "Google", "Polly", "dbup", "Microsoft.Extensions", "Microsoft.AspNetCore", "System.Net", "System.Data",
        "System.IO.Pipes", "System.IO.FileSystem", "System.Diagnostics.Process",
    ];

    public static TheoryData<Type> Machines => [typeof(CoordinatorMachine), typeof(ShardMachine), typeof(CallLedger)];

    [Theory]
    [MemberData(nameof(Machines))]
    public void References_OfAMachine_HaveNoIo(Type machine)
    {
        foreach (string name in Closure(machine.Assembly).Select(assembly => assembly.Name!))
        {
            Assert.DoesNotContain(IoPackages, package => name.StartsWith(package, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Types_OfAMachine_AreNeverAsync(Type machine)
    {
        IEnumerable<Type> asyncMachines = machine.Assembly.GetTypes().Where(type => type.IsAssignableTo(typeof(IAsyncStateMachine)));
        Assert.Empty(asyncMachines);
    }

    [Fact]
    public void References_OfTheCoordinator_DoNotKnowShards() =>
        Assert.DoesNotContain(Closure(typeof(CoordinatorMachine).Assembly), name => name.Name == "Transactions.Participant");

    [Fact]
    public void References_OfTheShard_DoNotKnowDecisions() =>
        Assert.DoesNotContain(Closure(typeof(ShardMachine).Assembly), name => name.Name == "Transactions.Coordinator");

    // The framework's own assemblies end the walk: what counts is what our code names.
    private static IEnumerable<AssemblyName> Closure(Assembly assembly)
    {
        HashSet<string> seen = [];
        Queue<Assembly> waiting = new([assembly]);
        while (waiting.TryDequeue(out Assembly? next))
        {
            foreach (AssemblyName reference in next.GetReferencedAssemblies().Where(reference => seen.Add(reference.Name!)))
            {
                yield return reference;
                if (!reference.Name!.StartsWith("System", StringComparison.Ordinal) && reference.Name != "netstandard")
                {
                    waiting.Enqueue(Assembly.Load(reference));
                }
            }
        }
    }
}
