using System.Text;

namespace Transactions.Participant;

/// <summary>A value: one JSON document, as the UTF-8 bytes that its writer sent. Compared byte for byte. Immutable.</summary>
public readonly struct Document : IEquatable<Document>
{
    private readonly byte[]? _utf8;

    /// <summary>Wraps bytes that nobody changes any more.</summary>
    public Document(byte[] utf8) => _utf8 = utf8;

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Utf8 => _utf8;

    /// <summary>How many bytes it has.</summary>
    public int Length => _utf8?.Length ?? 0;

    /// <summary>The array itself, for adapters that need one; not to be changed.</summary>
    public byte[] ToArray() => _utf8 ?? [];

    /// <summary>A document from its text.</summary>
    public static Document FromText(string json) => new(Encoding.UTF8.GetBytes(json));

    /// <inheritdoc/>
    public bool Equals(Document other) => Utf8.Span.SequenceEqual(other.Utf8.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Document other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Utf8.Span);
        return hash.ToHashCode();
    }

    /// <summary>Whether both have the same bytes.</summary>
    public static bool operator ==(Document left, Document right) => left.Equals(right);

    /// <summary>Whether their bytes differ.</summary>
    public static bool operator !=(Document left, Document right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);
}
