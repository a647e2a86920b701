namespace Shop.Scenes;

/// <summary>Something went otherwise than it must.</summary>
internal sealed class SceneFailedException(string message) : Exception(message)
{
    public static void Unless(bool condition, string message)
    {
        if (!condition)
        {
            throw new SceneFailedException(message);
        }
    }
}
