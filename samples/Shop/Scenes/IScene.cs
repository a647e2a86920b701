namespace Shop.Scenes;

/// <summary>One part of the run: does something, and looks whether it went as it must.</summary>
internal interface IScene
{
    string Title { get; }

    /// <summary>Runs it.</summary>
    /// <returns>What happened, in a few words.</returns>
    /// <exception cref="SceneFailedException">It went otherwise.</exception>
    Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken);
}
