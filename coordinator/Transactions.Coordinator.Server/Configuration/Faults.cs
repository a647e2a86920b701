using Transactions.Contracts;

namespace Transactions.Coordinator.Server;

// Collects what is wrong with the settings, so that a person sees all of it at once.
internal sealed class Faults
{
    private readonly List<string> _found = [];

    public IReadOnlyList<string> Found => _found;

    public void Add(string fault) => _found.Add($"{CoordinatorServerOptions.Section}:{fault}");

    public void Text(string value, int longest, string name)
    {
        if (string.IsNullOrEmpty(value) || value.Length > longest)
        {
            Add($"{name} has {value?.Length ?? 0} characters; give it 1 to {longest}.");
        }
    }

    public void Uri(string value, string name)
    {
        if (value is null
            || value.Length > WireLimits.MaxEndpointLength
            || !System.Uri.TryCreate(value, UriKind.Absolute, out Uri? uri)
            || (uri.Scheme != System.Uri.UriSchemeHttp && uri.Scheme != System.Uri.UriSchemeHttps))
        {
            Add($"{name} is '{value}'; write it like http://127.0.0.1:7100, in at most {WireLimits.MaxEndpointLength} characters.");
        }
    }

    public void Span(TimeSpan value, TimeSpan least, TimeSpan most, string name)
    {
        if (value < least || value > most)
        {
            Add($"{name} is {value}; set it to at least {least} and at most {most}.");
        }
    }

    public void Range(int value, int least, int most, string name)
    {
        if (value < least || value > most)
        {
            Add($"{name} is {value}; set it to at least {least} and at most {most}.");
        }
    }

    public void Try(Action check)
    {
        try
        {
            check();
        }
        catch (ArgumentException invalid)
        {
            Add(invalid.Message);
        }
    }
}
