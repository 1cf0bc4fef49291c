using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Health;

/// <summary><c>get_health</c>: the health document. The reporter is asked for late: its checks ask the processor.</summary>
internal sealed class GetHealthHandler(IServiceProvider services) : IOperationHandler
{
    public string Type => "get_health";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload) => new()
    {
        ReadOnly = true,
        Execute = (_, _) => Task.FromResult(OperationOutcome.Completed(
            services.GetRequiredService<HealthReporter>().Check(), HealthJson.Default.HealthDocument)),
    };
}
