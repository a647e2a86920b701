using System.Collections.Immutable;
using System.Reflection;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Structure;

public sealed class EventCoverageTests
{
    public static TheoryData<Type> Events => [.. NestedOf(typeof(CoordinatorEvent))];

    public static TheoryData<Type> Frames => [.. NestedOf(typeof(ShardFrame))];

    [Theory]
    [MemberData(nameof(Events))]
    public void Handle_EveryKindOfEvent_IsHandled(Type kind) => new MachineHarness().Handle((CoordinatorEvent)Make(kind));

    [Theory]
    [MemberData(nameof(Frames))]
    public void Handle_EveryKindOfFrame_IsHandled(Type kind) =>
        new MachineHarness().Handle(new CoordinatorEvent.FrameReceived(new LinkId(1), (ShardFrame)Make(kind)));

    [Fact]
    public void Handle_UnknownEvent_Throws() =>
        Assert.Throws<ArgumentException>(() => new MachineHarness().Handle(new StrangeEvent()));

    [Fact]
    public void Handle_UnknownFrame_Throws() => Assert.Throws<ArgumentException>(() => new MachineHarness().Handle(
        new CoordinatorEvent.FrameReceived(new LinkId(1), new StrangeFrame())));

    [Fact]
    public void Handle_CallIdUsedTwice_BreaksAnInvariant()
    {
        MachineHarness harness = new();
        CoordinatorEvent.GetOutcome get = new(new CallId(1), harness.NewTransaction().Id, null);
        harness.Handle(get);

        Assert.Throws<BrokenInvariantException>(() => harness.Handle(get));
    }

    private static IEnumerable<Type> NestedOf(Type type) =>
        type.Assembly.GetTypes().Where(t => !t.IsAbstract && t.IsSubclassOf(type));

    // A value for every parameter: what it says doesn't matter, only that the machine takes it.
    private static object Make(Type type)
    {
        ConstructorInfo constructor = type.GetConstructors()[0];
        return constructor.Invoke([.. constructor.GetParameters().Select(p => Value(p.ParameterType))]);
    }

    private static object? Value(Type type)
    {
        if (type == typeof(RecordResult))
        {
            return new RecordResult.Ambiguous("scripted");
        }

        if (type == typeof(ShardFrame))
        {
            return new ShardFrame.Applied(default, MachineHarness.Orders);
        }

        if (type == typeof(TransactionContext))
        {
            return new TransactionContext(default, Timestamp.Zero, Timestamp.Zero, MachineHarness.Self, "alice");
        }

        if (type == typeof(string))
        {
            return "alice";
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
        {
            return type.GetField(nameof(ImmutableArray<int>.Empty))!.GetValue(null);
        }

        return type.IsValueType && Nullable.GetUnderlyingType(type) is null ? Activator.CreateInstance(type) : null;
    }

    private sealed record StrangeEvent : CoordinatorEvent;

    private sealed record StrangeFrame() : ShardFrame(default, MachineHarness.Orders);
}
