using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary><c>get_vm_status</c>.</summary>
internal sealed class GetVirtualMachineStatusHandler(
    VirtualMachineManager manager, ManagedNamespaces namespaces) : IOperationHandler
{
    public string Type => "get_vm_status";

    public IReadOnlyList<string> Aliases => [];

    public OperationPlan Plan(PayloadReader payload)
    {
        var name = payload.RequiredNamespacedName();
        return new OperationPlan
        {
            Target = name,
            ReadOnly = true,
            Execute = async (_, token) =>
            {
                if (await namespaces.GetRefusalAsync(name.Namespace, token) is { } reason)
                    return OperationOutcome.Failed(reason);
                return await manager.ReadAsync(name, token) is { } vm
                    ? OperationOutcome.Completed(manager.StatusOf(vm), ContractJson.Default.VirtualMachineStatus)
                    : OperationOutcome.Failed($"there is no VM {name}");
            },
        };
    }
}
