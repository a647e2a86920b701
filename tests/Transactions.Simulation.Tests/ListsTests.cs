using Transactions.Participant;

namespace Transactions.Simulation.Tests;

/// <summary>Lists as they are stored.</summary>
public sealed class ListsTests
{
    [Fact]
    public void Append_ElementsOneByOne_AreReadBackInOrder()
    {
        Document list = Lists.Append(Lists.Append(Lists.Append(null, 7), 1_234_567_890_123), -5);

        Assert.Equal("[7,1234567890123,-5]", list.ToString());
        Assert.Equal([7, 1_234_567_890_123, -5], Lists.ElementsOf(list));
    }

    [Fact]
    public void ElementsOf_WhatIsNoList_Throws() =>
        Assert.Throws<FormatException>(() => Lists.ElementsOf(Document.FromText("[\"a\"]")));

    [Fact]
    public void TryRead_ARegister_GivesItsValueAndNoOtherDocuments()
    {
        Assert.True(Registers.TryRead(Registers.ToDocument(42), out long value));
        Assert.Equal(42, value);
        Assert.False(Registers.TryRead(Document.FromText("{\"balance\":42}"), out _));
    }
}
