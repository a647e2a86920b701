namespace Transactions.Simulation;

/// <summary>Picks among kinds of transactions, some more often than others.</summary>
internal sealed class WeightedPick(params (int Weight, Func<SimTransaction, Task> Run)[] kinds)
{
    private readonly int _weights = kinds.Sum(kind => kind.Weight);

    public Func<SimTransaction, Task> Next(SimRandom random)
    {
        int drawn = random.Next(_weights);
        foreach ((int weight, Func<SimTransaction, Task> run) in kinds)
        {
            drawn -= weight;
            if (drawn < 0)
            {
                return run;
            }
        }

        throw new InvalidOperationException("The weights don't add up.");
    }
}
