namespace Transactions.Coordinator.Tests.Scenarios;

/// <summary>A text file that tells, event by event, what a coordinator does.</summary>
/// <remarks>
/// <c>#</c> comments; <c>rules</c> names the rules it shows; <c>options</c> and <c>tx</c> set things up; <c>clock</c> sets
/// the time; <c>wait</c> lets it pass; <c>&gt;</c> is an event. The indented lines below an event, or a wait, are all the
/// effects that it must have, in order. Times count from the start of the scenario.
/// </remarks>
public sealed record Scenario(string Name, IReadOnlyList<string> Rules, IReadOnlyList<Scenario.Step> Steps)
{
    public sealed record Step(int Line, string Text, List<string> Expected);

    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(Scenario).Assembly.GetManifestResourceNames().Where(n => !n.Contains('.')).Order(StringComparer.Ordinal)];

    public static Scenario Load(string name)
    {
        using StreamReader reader = new(typeof(Scenario).Assembly.GetManifestResourceStream(name)!);
        return Parse(name, reader.ReadToEnd());
    }

    public static Scenario Parse(string name, string text)
    {
        List<string> rules = [];
        List<Step> steps = [];
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            string content = line.Trim();
            if (content.Length == 0 || content[0] == '#')
            {
                continue;
            }

            if (content.StartsWith("rules ", StringComparison.Ordinal))
            {
                rules.AddRange(content.Split(' ')[1..]);
            }
            else if (line[0] == ' ')
            {
                steps[^1].Expected.Add(content);
            }
            else
            {
                steps.Add(new(number, content, []));
            }
        }

        return new(name, rules, steps);
    }
}
