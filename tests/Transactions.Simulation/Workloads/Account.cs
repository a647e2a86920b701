using System.Buffers.Text;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>What is stored of an account, and how accounts are named.</summary>
internal static class Account
{
    public const string Collection = "accounts";

    /// <summary>What each account starts with.</summary>
    public const long Opening = 100;

    private static readonly byte[] Prefix = "{\"balance\":"u8.ToArray();

    public static string Key(int number) => $"a{number:000}";

    public static RecordKey Record(int number) => new(Collection, Key(number));

    /// <summary>A balance, with whoever wrote it, so that equal balances are told apart.</summary>
    public static Document ToDocument(long balance, string writer) => Document.FromText($"{{\"balance\":{balance},\"by\":\"{writer}\"}}");

    public static long BalanceOf(Document document) =>
        Utf8Parser.TryParse(document.Utf8.Span[Prefix.Length..], out long balance, out _)
            ? balance
            : throw new FormatException($"No account: {document}.");
}
