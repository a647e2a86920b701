namespace Transactions.Model;

/// <summary>A business request's key (D6), unique in the decision log within the client that chose it.</summary>
/// <param name="Client">The client's id.</param>
/// <param name="Key">The client's own words for the request, at most <see cref="MaxLength"/> characters.</param>
public readonly record struct IdempotencyKey(string Client, string Key)
{
    /// <summary>The longest key allowed, in characters.</summary>
    public const int MaxLength = 200;

    /// <inheritdoc/>
    public override string ToString() => $"{Client}:{Key}";
}
