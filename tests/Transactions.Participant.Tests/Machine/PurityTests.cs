using System.Reflection;
using System.Runtime.CompilerServices;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>The machine knows every event, and nothing but its state: no I/O, no tasks.</summary>
public sealed class PurityTests
{
    private static readonly string[] Forbidden =
    [
        "Npgsql", "Dapper", "Grpc", "Google", "Microsoft.Extensions", "Microsoft.AspNetCore", "System.Net", "System.Data",
    ];

    public static TheoryData<Type> Events => [.. Kinds<ShardEvent>()];

    public static TheoryData<Type> Frames => [.. Kinds<CoordinatorFrame>()];

    [Theory]
    [MemberData(nameof(Events))]
    public void Handle_EveryEvent_IsKnown(Type kind)
    {
        ShardRig rig = new();

        AssertKnown(() => rig.Handle((ShardEvent)RuntimeHelpers.GetUninitializedObject(kind)));
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public void Handle_EveryFrame_IsKnown(Type kind)
    {
        ShardRig rig = new ShardRig().Serve();

        AssertKnown(() => rig.Handle(new ShardEvent.FrameReceived(
            Name.Coordinator("c1"), (CoordinatorFrame)RuntimeHelpers.GetUninitializedObject(kind))));
    }

    [Fact]
    public void Handle_AnotherEvent_Throws() =>
        Assert.Throws<InvalidOperationException>(() => new ShardRig().Handle(new Unknown()));

    [Fact]
    public void Assembly_Closure_HasNoInputOrOutput()
    {
        HashSet<string> closure = [];
        Walk(typeof(ShardMachine).Assembly, closure);

        Assert.Contains("Transactions.Model", closure);
        Assert.DoesNotContain(closure, name => Forbidden.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)));
        Assert.All(
            closure.Where(name => !name.StartsWith("System.", StringComparison.Ordinal)),
            name => Assert.Contains(name, (string[])["Transactions.Participant", "Transactions.Model", "Transactions.Clocks", "NodaTime"]));
    }

    [Fact]
    public void Assembly_Types_AwaitNothing() => Assert.DoesNotContain(
        typeof(ShardMachine).Assembly.GetTypes(), type => type.IsAssignableTo(typeof(IAsyncStateMachine)));

    private static IEnumerable<Type> Kinds<T>() => typeof(T).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(T)) && !type.IsAbstract);

    // An empty event may break what handles it; it was dispatched, and that is the question.
    private static void AssertKnown(Action handle)
    {
        Exception? e = Record.Exception(handle);
        Assert.DoesNotContain("No such", e?.Message ?? "", StringComparison.Ordinal);
    }

    private static void Walk(Assembly assembly, HashSet<string> names)
    {
        if (names.Add(assembly.GetName().Name!) && !assembly.GetName().Name!.StartsWith("System.", StringComparison.Ordinal))
        {
            foreach (AssemblyName reference in assembly.GetReferencedAssemblies())
            {
                Walk(Assembly.Load(reference), names);
            }
        }
    }

    private sealed record Unknown : ShardEvent;
}
