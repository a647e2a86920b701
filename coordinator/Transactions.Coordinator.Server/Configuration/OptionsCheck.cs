using Microsoft.Extensions.Options;

namespace Transactions.Coordinator.Server;

internal sealed class OptionsCheck : IValidateOptions<CoordinatorServerOptions>
{
    public ValidateOptionsResult Validate(string? name, CoordinatorServerOptions options)
    {
        IReadOnlyList<string> faults = options.FindFaults();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
