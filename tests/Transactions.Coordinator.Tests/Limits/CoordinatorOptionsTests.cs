using System.Reflection;
using NodaTime;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Limits;

public sealed class CoordinatorOptionsTests
{
    public static TheoryData<string> Names => [.. typeof(CoordinatorOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.Name)];

    [Fact]
    public void Validate_Defaults_AreFine() => new CoordinatorOptions().Validate();

    [Theory]
    [MemberData(nameof(Names))]
    public void Validate_FarOutsideTheRange_NamesTheOption(string name)
    {
        PropertyInfo property = typeof(CoordinatorOptions).GetProperty(name)!;
        object[] outside = property.PropertyType == typeof(Duration)
            ? [Duration.Zero, Duration.FromDays(2)]
            : [-1, int.MaxValue];

        foreach (object value in outside)
        {
            CoordinatorOptions options = new();
            property.SetValue(options, value);

            Assert.Contains(name, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => new CoordinatorMachine(MachineHarness.Self, ProtocolLimits.Default, options));
        }
    }
}
