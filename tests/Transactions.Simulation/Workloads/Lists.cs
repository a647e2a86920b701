using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>What is stored of a list: a JSON array of integers, to which elements are appended.</summary>
internal static class Lists
{
    public const string Collection = "lists";

    /// <summary>A list with one element more; <paramref name="list"/> is null where there is none yet.</summary>
    public static Document Append(Document? list, long element)
    {
        string text = element.ToString(CultureInfo.InvariantCulture);
        if (list is not { } before)
        {
            return Document.FromText($"[{text}]");
        }

        byte[] longer = new byte[before.Length + 1 + text.Length];
        before.Utf8.Span.CopyTo(longer);
        longer[before.Length - 1] = (byte)',';
        Encoding.UTF8.GetBytes(text, longer.AsSpan(before.Length));
        longer[^1] = (byte)']';
        return new Document(longer);
    }

    public static ImmutableArray<long> ElementsOf(Document list)
    {
        ImmutableArray<long>.Builder elements = ImmutableArray.CreateBuilder<long>();
        ReadOnlySpan<byte> rest = list.Utf8.Span;
        while (rest.Length > 1)
        {
            // Before each element stands the bracket or a comma.
            rest = rest[1..];
            if (!Utf8Parser.TryParse(rest, out long element, out int length))
            {
                throw new FormatException($"No list: {list}.");
            }

            elements.Add(element);
            rest = rest[length..];
        }

        return elements.DrainToImmutable();
    }
}
