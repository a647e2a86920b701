using System.Reflection;
using System.Runtime.CompilerServices;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Structure;

public sealed class PurityTests
{
    private static readonly string[] Allowed =
    [
        "Transactions.Clocks", "Transactions.Model", "NodaTime", "System.Runtime", "System.Collections", "System.Collections.Immutable",
        "System.Linq", "System.Memory", "System.IO.Hashing",
        "System.Security.Cryptography", "System.Text.Encoding.Extensions", "System.Runtime.InteropServices", "System.Threading",
        "System.Numerics.Vectors", "System.Runtime.Intrinsics", "System.Collections.Concurrent", "System.Text.RegularExpressions",
    ];

    public static TheoryData<Type> Machines => [typeof(CoordinatorMachine), typeof(TransactionId)];

    [Theory]
    [MemberData(nameof(Machines))]
    public void Assembly_References_AreFreeOfInputAndOutput(Type member)
    {
        string[] strangers = [.. member.Assembly.GetReferencedAssemblies().Select(a => a.Name!).Except(Allowed)];

        Assert.True(strangers.Length == 0, $"{member.Assembly.GetName().Name} references {string.Join(", ", strangers)}");
    }

    [Fact]
    public void Closure_OfReferences_HasNoPackageOfInputAndOutput()
    {
        string[] forbidden =
            ["Npgsql", "Dapper", "Grpc", "Google", "Microsoft.Extensions", "Microsoft.AspNetCore", "System.Net", "System.Data"];
        HashSet<string> seen = [];
        Queue<Assembly> open = new([typeof(CoordinatorMachine).Assembly]);
        while (open.TryDequeue(out Assembly? assembly))
        {
            // The runtime's own assemblies reference each other; what counts is what ours ask for.
            foreach (AssemblyName name in assembly.GetReferencedAssemblies().Where(n => seen.Add(n.Name!)))
            {
                if (!name.Name!.StartsWith("System", StringComparison.Ordinal))
                {
                    open.Enqueue(Assembly.Load(name));
                }
            }
        }

        Assert.Contains("Transactions.Clocks", seen);
        Assert.DoesNotContain(seen, name => forbidden.Any(f => name.StartsWith(f, StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Assembly_HasNoAsyncMethods(Type member) => Assert.DoesNotContain(
        member.Assembly.GetTypes(), type => type.GetInterfaces().Contains(typeof(IAsyncStateMachine)));

    // Time comes with the event, chance from the driver; statics would let two machines know of each other.
    [Fact]
    public void Assembly_HasNoMutableStatics()
    {
        IEnumerable<FieldInfo> statics = typeof(CoordinatorMachine).Assembly.GetTypes()
            .Where(t => !t.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
            .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(f => !f.IsLiteral && !f.IsInitOnly && !f.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false));

        Assert.Empty(statics);
    }

    [Fact]
    public void Machine_HasNoClockOfItsOwn() => Assert.DoesNotContain(
        typeof(CoordinatorMachine).Assembly.GetTypes().SelectMany(t =>
            t.GetFields(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)),
        field => field.FieldType == typeof(TimeProvider) || typeof(IBoundedClock).IsAssignableFrom(field.FieldType));
}
