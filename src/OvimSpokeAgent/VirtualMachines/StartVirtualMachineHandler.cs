using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary><c>start_vm</c>.</summary>
internal sealed class StartVirtualMachineHandler(
    VirtualMachineManager manager, VirtualMachinePower power, IVirtualMachineAdmission admission, AgentSettings settings)
    : IOperationHandler
{
    public string Type => "start_vm";

    public IReadOnlyList<string> Aliases => ["VMStart"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var name = payload.RequiredNamespacedName();
        return new OperationPlan
        {
            Target = name,
            TargetKind = KubeVirtKinds.VirtualMachine,
            Execute = async (context, token) => await manager.ReadOwnAsync(name, token) is var (vm, refusal) && vm is not null
                ? await StartAsync(vm, context, token)
                : refusal!,
            ReadBack = (_, token) => power.ReadBackStartAsync(name, token),
        };
    }

    // vCPUs that a guest took while it ran left the request of its VM behind (see VirtualMachineChange).
    private JsonObject? RequestFix(VirtualMachineObject vm)
    {
        var footprint = VirtualMachineFootprint.Of(vm);
        if (vm.Metadata.Annotation(WellKnownNames.CreatedByAnnotation) is null || footprint.CpuRequest is not { } now
            || VirtualMachineResize.RequestOfOurs(vm, settings.CpuOvercommit) is not { } wanted || now >= wanted.Value)
        {
            return null;
        }
        return new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["domain"] = new JsonObject
                {
                    ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["cpu"] = wanted.Text } },
                },
            },
        };
    }

    private async Task<OperationOutcome> StartAsync(
        VirtualMachineObject vm, OperationContext context, CancellationToken cancellationToken)
    {
        if (vm.Spec?.Strategy is not "Always")
        {
            var footprint = VirtualMachineFootprint.Of(vm);
            var claim = new VirtualMachineClaim(vm.Metadata.Key, footprint, ClaimKind.Start, context.Key);
            if (await admission.AdmitAsync(claim, cancellationToken) is { } reason) return OperationOutcome.Failed(reason);
        }
        return await power.StartAsync(vm, context, cancellationToken, RequestFix(vm));
    }
}
