using System.Buffers.Text;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>What is stored of a register: one integer.</summary>
internal static class Registers
{
    public const string Collection = "registers";

    private static readonly byte[] Prefix = "{\"v\":"u8.ToArray();

    public static Document ToDocument(long value) => Document.FromText($"{{\"v\":{value}}}");

    /// <summary>The integer of a register; false for any other document.</summary>
    public static bool TryRead(Document document, out long value)
    {
        ReadOnlySpan<byte> text = document.Utf8.Span;
        value = 0;
        return text.StartsWith(Prefix) && Utf8Parser.TryParse(text[Prefix.Length..], out value, out _);
    }
}
