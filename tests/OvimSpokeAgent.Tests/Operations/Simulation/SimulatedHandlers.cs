using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary><c>look</c>: only reads; answers with what it was asked.</summary>
internal sealed class LookHandler(IKubernetesApi api) : IOperationHandler
{
    public string Type => "look";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload)
    {
        var question = payload.RequiredString("question");
        return new OperationPlan
        {
            ReadOnly = true,
            Execute = async (_, token) =>
            {
                await api.GetAsync(
                    KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ClusterJson.Default.NamespaceObject, token);
                return OperationOutcome.Completed(JsonElement.Parse($$"""{"question":"{{question}}"}"""));
            },
        };
    }
}

/// <summary><c>hang</c>: never ends by itself.</summary>
internal sealed class HangHandler(TimeProvider time) : IOperationHandler
{
    public string Type => "hang";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload) => new()
    {
        Target = payload.RequiredNamespacedName(),
        Execute = async (_, token) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, token);
            return OperationOutcome.Failed("woke up");
        },
    };
}
