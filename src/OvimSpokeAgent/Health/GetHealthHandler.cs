using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Health;

/// <summary><c>get_health</c>: the health document.</summary>
internal sealed class GetHealthHandler(HealthReporter health) : IOperationHandler
{
    public string Type => "get_health";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload) => new()
    {
        ReadOnly = true,
        Execute = (_, _) => Task.FromResult(OperationOutcome.Completed(
            health.Check(), HealthJson.Default.HealthDocument)),
    };
}
