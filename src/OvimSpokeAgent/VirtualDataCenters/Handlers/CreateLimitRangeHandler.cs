using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary><c>create_limit_range</c>: becomes part of what is declared for a managed namespace.</summary>
internal sealed class CreateLimitRangeHandler(DeclarationUpdater updater) : IOperationHandler
{
    public string Type => "create_limit_range";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "namespace");
        if (LimitDeclaration.Read(payload, isHubResource: true).IsEmpty && payload.Errors.Count == 0)
            payload.RejectMissing("limit_range", "at least one of min_cpu, max_cpu, min_memory, max_memory");
        return updater.PlanFor(ns, "limit_range");
    }
}
