using Microsoft.Extensions.Time.Testing;
using NodaTime;
using Xunit;

namespace Transactions.Clocks.Tests;

public sealed class ClockOptionsTests
{
    private static readonly ClockOptions Fixed =
        new() { Source = ClockSourceKind.Fixed, FixedBound = Duration.FromMilliseconds(5) };

    public static TheoryData<string, ClockOptions, string> Mistakes => new()
    {
        { "no source", Fixed with { Source = ClockSourceKind.Unspecified }, "Choose Kernel or Fixed" },
        { "unknown source", Fixed with { Source = (ClockSourceKind)9 }, "Choose Kernel or Fixed" },
        { "bound of the kernel", Fixed with { Source = ClockSourceKind.Kernel }, "Remove FixedBound" },
        { "no bound", Fixed with { FixedBound = null }, "ClockOptions.FixedBound is not set" },
        { "bound of zero", Fixed with { FixedBound = Duration.Zero }, "ClockOptions.FixedBound" },
        { "bound over limit", Fixed with { FixedBound = Fixed.MaxUncertainty + Duration.Epsilon }, "at most 0:00:00.25 " },
        { "no uncertainty", new() { MaxUncertainty = Duration.Zero }, "ClockOptions.MaxUncertainty" },
        {
            "uncertainty over limit",
            new() { MaxUncertainty = Duration.FromSeconds(11), MaxOffset = Duration.FromSeconds(22) },
            "at most 0:00:10 "
        },
        { "no offset", new() { MaxOffset = Duration.Zero }, "ClockOptions.MaxOffset" },
        { "offset over limit", new() { MaxOffset = Duration.FromSeconds(61) }, "at most 0:01:00 " },
        { "offset too small", new() { MaxOffset = Duration.FromMilliseconds(499) }, "at least twice MaxUncertainty" },
        { "hybrid mode", new() { Mode = ClockMode.Hybrid }, "hybrid mode is not available yet in this version" },
        { "no mode", new() { Mode = ClockMode.Unspecified }, "Set it to Bounded" },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void Validate_OneMistake_NamesItAndNothingElse(string mistake, ClockOptions options, string words)
    {
        Assert.NotEmpty(mistake);
        string error = Assert.Single(options.Validate());
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.StartsWith("ClockOptions.", error, StringComparison.Ordinal);

        Assert.Contains(
            words,
            Assert.Throws<ArgumentException>(() => ClockFactory.Create(options, new FakeTimeProvider())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_SeveralMistakes_NamesThemAll() =>
        Assert.Equal(3, (Fixed with { FixedBound = null, MaxOffset = Duration.Zero, Mode = ClockMode.Hybrid }).Validate().Count);

    [Fact]
    public void Validate_AtTheLimits_IsValid()
    {
        Assert.Empty(new ClockOptions().Validate());
        Assert.Empty((Fixed with { FixedBound = Fixed.MaxUncertainty }).Validate());
        Assert.Empty(new ClockOptions
        {
            MaxUncertainty = ClockOptions.WidestMaxUncertainty,
            MaxOffset = ClockOptions.WidestMaxOffset,
        }.Validate());
    }

    [Fact]
    public void Create_EachSource_GivesItsClock()
    {
        var time = new FakeTimeProvider();

        Assert.IsType<KernelClock>(ClockFactory.Create(new ClockOptions(), time));
        Assert.Equal(Fixed.FixedBound, Assert.IsType<FixedBoundClock>(ClockFactory.Create(Fixed, time)).Bound);
    }
}
