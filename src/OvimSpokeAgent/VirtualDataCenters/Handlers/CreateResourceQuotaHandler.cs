using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary><c>create_resource_quota</c>: becomes part of what is declared for a managed namespace.</summary>
internal sealed class CreateResourceQuotaHandler(DeclarationUpdater updater) : IOperationHandler
{
    public string Type => "create_resource_quota";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "namespace");
        if (QuotaDeclaration.Read(payload).IsEmpty && payload.Errors.Count == 0)
            payload.RejectMissing("quota", "at least one of cpu, memory, storage, vms");
        return updater.PlanFor(ns, "quota");
    }
}
