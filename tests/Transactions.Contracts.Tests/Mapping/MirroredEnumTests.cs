using Google.Protobuf.Reflection;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Contracts.Tests;

public sealed class MirroredEnumTests
{
    [Fact]
    public void AbortReason_OnTheWire_HasTheModelsNamesAndNumbers() =>
        AssertMirrors<AbortReason>(Descriptor("AbortReason"), "ABORT_REASON_");

    [Fact]
    public void ClockMode_OnTheWire_HasTheModelsNamesAndNumbers() =>
        AssertMirrors<ClockMode>(Descriptor("ClockMode"), "CLOCK_MODE_");

    [Fact]
    public void UncommittedKind_OnTheWire_HasTheModelsNamesAndNumbersButCommitted()
    {
        EnumDescriptor wire = V1.CoordinatorReflection.Descriptor.EnumTypes.Single(e => e.Name == "UncommittedKind");

        Assert.Equal(
            Enum.GetValues<ShardResolutionKind>().Except([ShardResolutionKind.Committed]).Select(v => (int)v),
            wire.Values.Select(v => v.Number).Order());
    }

    [Fact]
    public void RefusalStatus_Numbers_AreGrpcs()
    {
        foreach (RefusalStatus status in Enum.GetValues<RefusalStatus>().Except([RefusalStatus.Unspecified]))
        {
            Assert.Equal(status.ToString(), ((Grpc.Core.StatusCode)(int)status).ToString());
        }
    }

    private static EnumDescriptor Descriptor(string name) => V1.ContextReflection.Descriptor.EnumTypes.Single(e => e.Name == name);

    private static void AssertMirrors<T>(EnumDescriptor wire, string prefix)
        where T : struct, Enum
    {
        var expected = Enum.GetValues<T>().Select(v => (Convert.ToInt32(v), v.ToString().ToUpperInvariant()));
        var actual = wire.Values.Select(v => (v.Number, v.Name[prefix.Length..].Replace("_", "", StringComparison.Ordinal)));
        Assert.Equal(expected, actual);
    }
}
