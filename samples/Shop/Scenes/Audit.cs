using Transactions.Client;

namespace Shop.Scenes;

/// <summary>No cent and no item was created or lost.</summary>
internal sealed class Audit : IScene
{
    public string Title => "Audit";

    public async Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        await EverythingEnded.WaitAsync(shop, progress, cancellationToken);
        Books books = await Books.ReadAsync(shop.Transactions, SnapshotOptions.Strong, cancellationToken);
        SceneFailedException.Unless(books.Balance, $"The books don't balance: {books}");
        return books.ToString();
    }
}
