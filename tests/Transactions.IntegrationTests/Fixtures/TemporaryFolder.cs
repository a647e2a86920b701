namespace Transactions.IntegrationTests.Fixtures;

/// <summary>A folder that goes when its user is done with it. Declare it before whatever writes to it.</summary>
internal sealed class TemporaryFolder(string prefix) : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory($"transactions-{prefix}-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
