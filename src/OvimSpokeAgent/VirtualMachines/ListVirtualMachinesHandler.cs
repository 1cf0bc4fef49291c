using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary><c>list_vms</c>: from the caches, once they know what there is.</summary>
internal sealed class ListVirtualMachinesHandler(
    VirtualMachineManager manager, ManagedNamespaces namespaces) : IOperationHandler
{
    public string Type => "list_vms";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = payload.OptionalDnsLabel("namespace");
        return new OperationPlan
        {
            ReadOnly = true,
            Execute = async (context, token) =>
            {
                if (ns is not null && await namespaces.GetRefusalAsync(ns, token) is { } reason)
                    return OperationOutcome.Failed(reason);
                var answer = manager.GetListRefusalAsync(token);
                if (!answer.IsCompleted) await context.WaitForOthersAsync(_ => answer, token);
                if (await answer is { } missing) return OperationOutcome.Failed(missing);
                var vms = manager.List(ns);
                return OperationOutcome.Completed(
                    new VirtualMachineList { Vms = vms, Count = vms.Count }, ContractJson.Default.VirtualMachineList);
            },
        };
    }
}
