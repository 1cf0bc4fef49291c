using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary><c>restart_vm</c>.</summary>
internal sealed class RestartVirtualMachineHandler(VirtualMachineManager manager, VirtualMachinePower power) : IOperationHandler
{
    public string Type => "restart_vm";

    public IReadOnlyList<string> Aliases => ["VMRestart"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var name = payload.RequiredNamespacedName();
        var options = StopOptions.Read(payload);
        return new OperationPlan
        {
            Target = name,
            TargetKind = KubeVirtKinds.VirtualMachine,
            Execute = async (context, token) => await manager.ReadOwnAsync(name, token) is var (vm, refusal) && vm is not null
                ? await power.RestartAsync(vm, options, context, token)
                : refusal!,
            ReadBack = (context, token) => power.ReadBackRestartAsync(name, context, token),
        };
    }
}
