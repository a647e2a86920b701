namespace Transactions.Model;

/// <summary>Names a shard: a service's name, a slash, and a number, like <c>payments/0</c>.</summary>
/// <remarks>Immutable and thread-safe. Compared ordinally.</remarks>
public readonly record struct ShardId : IComparable<ShardId>
{
    /// <summary>The longest name allowed, in characters.</summary>
    public const int MaxLength = 100;

    private readonly string? _value;

    private ShardId(string value) => _value = value;

    /// <summary>The whole name.</summary>
    public string Value => _value ?? "";

    /// <summary>The part before the slash.</summary>
    public string Service => Value[..Value.IndexOf('/')];

    /// <summary>Reads a name.</summary>
    /// <exception cref="FormatException">It isn't <c>service/number</c> of at most <see cref="MaxLength"/> characters.</exception>
    public static ShardId Parse(string value) => TryParse(value, out ShardId id)
        ? id
        : throw new FormatException(
            $"'{value}' is no shard id: it must be a service name of a-z, 0-9, '-', '_' or '.', a slash, and a number, "
            + $"at most {MaxLength} characters, like 'payments/0'.");

    /// <summary>Reads a name; false when it isn't one.</summary>
    public static bool TryParse(string? value, out ShardId id)
    {
        id = default;
        if (value is null || value.Length > MaxLength)
        {
            return false;
        }

        int slash = value.IndexOf('/');
        if (slash <= 0 || slash == value.Length - 1 || !IsNumber(value.AsSpan(slash + 1)))
        {
            return false;
        }

        foreach (char c in value.AsSpan(0, slash))
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        id = new(value);
        return true;
    }

    private static bool IsNumber(ReadOnlySpan<char> digits) =>
        digits.Length <= 4 && !digits.ContainsAnyExceptInRange('0', '9') && (digits.Length == 1 || digits[0] != '0');

    /// <inheritdoc/>
    public int CompareTo(ShardId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}
