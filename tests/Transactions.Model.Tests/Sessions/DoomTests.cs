using CsCheck;
using Xunit;

namespace Transactions.Model.Tests;

[Trait("Rule", "X2")]
public sealed class DoomTests
{
    [Fact]
    public void New_AnyReason_FitsTheTrailer()
    {
        Gen.String[Gen.Char, 0, 1_500].Sample(reason =>
        {
            string kept = new Doom(reason, false).Reason;
            return kept.Length is >= 1 and <= Doom.MaxReasonLength && !kept.Any(char.IsControl);
        });
    }

    [Fact]
    public void New_PairAtTheCut_IsNotSplit()
    {
        string reason = new string('a', Doom.MaxReasonLength - 1) + "\U0001F600";

        Assert.Equal(new string('a', Doom.MaxReasonLength - 1), new Doom(reason, false).Reason);
    }
}
