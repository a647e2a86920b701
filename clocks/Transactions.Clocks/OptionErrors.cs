using NodaTime;
using NodaTime.Text;

namespace Transactions.Clocks;

/// <summary>The words of errors in options: field, limit, remedy.</summary>
internal static class OptionErrors
{
    public static string OutOfRange(string options, string field, Duration value, Duration max) =>
        $"{options}.{field} is {Words(value)}, and must be above zero and at most {Words(max)}. Choose a value in this range.";

    // Exact at any size: rounded milliseconds could show the very limit that a value exceeds.
    public static string Words(Duration duration) => $"{DurationPattern.JsonRoundtrip.Format(duration)} (h:m:s)";

    public static void ThrowIfAny(IReadOnlyList<string> errors, string parameter)
    {
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', errors), parameter);
        }
    }
}
