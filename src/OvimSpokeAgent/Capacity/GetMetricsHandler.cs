using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Capacity;

/// <summary><c>get_metrics</c>: the report's <c>metrics</c>.</summary>
internal sealed class GetMetricsHandler(ClusterMetricsReader metrics) : IOperationHandler
{
    public string Type => "get_metrics";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload) => new()
    {
        ReadOnly = true,
        Execute = async (context, token) =>
        {
            var answers = metrics.WaitForFirstAnswersAsync(token);
            if (!answers.IsCompleted) await context.WaitForOthersAsync(_ => answers, token);
            return OperationOutcome.Completed(metrics.Read(), ContractJson.Default.ClusterMetrics);
        },
    };
}
