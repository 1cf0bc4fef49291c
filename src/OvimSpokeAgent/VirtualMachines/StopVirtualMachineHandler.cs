using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary><c>stop_vm</c>.</summary>
internal sealed class StopVirtualMachineHandler(VirtualMachineManager manager, VirtualMachinePower power) : IOperationHandler
{
    public string Type => "stop_vm";

    public IReadOnlyList<string> Aliases => ["VMStop"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var name = payload.RequiredNamespacedName();
        var options = StopOptions.Read(payload);
        return new OperationPlan
        {
            Target = name,
            TargetKind = KubeVirtKinds.VirtualMachine,
            Execute = async (context, token) => await manager.ReadOwnAsync(name, token) is var (vm, refusal) && vm is not null
                ? await power.StopAsync(vm, options, context, token)
                : refusal!,
            ReadBack = (_, token) => power.ReadBackStopAsync(name, options, token),
        };
    }
}
