using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
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
        if (vm.Metadata.Annotation(Names.CreatedByAnnotation) is null || footprint.CpuRequest is not { } now
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

/// <summary><c>stop_vm</c>.</summary>
internal sealed class StopVirtualMachineHandler(VirtualMachineManager manager, VirtualMachinePower power) : IOperationHandler
{
    public string Type => "stop_vm";

    public IReadOnlyList<string> Aliases => ["VMStop"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var name = payload.RequiredNamespacedName();
        var wish = StopWish.Read(payload);
        return new OperationPlan
        {
            Target = name,
            Execute = async (context, token) => await manager.ReadOwnAsync(name, token) is var (vm, refusal) && vm is not null
                ? await power.StopAsync(vm, wish, context, token)
                : refusal!,
            ReadBack = (_, token) => power.ReadBackStopAsync(name, wish, token),
        };
    }
}

/// <summary><c>restart_vm</c>.</summary>
internal sealed class RestartVirtualMachineHandler(VirtualMachineManager manager, VirtualMachinePower power) : IOperationHandler
{
    public string Type => "restart_vm";

    public IReadOnlyList<string> Aliases => ["VMRestart"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var name = payload.RequiredNamespacedName();
        var wish = StopWish.Read(payload);
        return new OperationPlan
        {
            Target = name,
            Execute = async (context, token) => await manager.ReadOwnAsync(name, token) is var (vm, refusal) && vm is not null
                ? await power.RestartAsync(vm, wish, context, token)
                : refusal!,
            ReadBack = (context, token) => power.ReadBackRestartAsync(name, context, token),
        };
    }
}

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
                if (await namespaces.ReasonAgainstAsync(name.Namespace, token) is { } reason)
                    return OperationOutcome.Failed(reason);
                return await manager.ReadAsync(name, token) is { } vm
                    ? OperationOutcome.Completed(manager.StatusOf(vm), ContractJson.Default.VirtualMachineStatus)
                    : OperationOutcome.Failed($"there is no VM {name}");
            },
        };
    }
}

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
                if (ns is not null && await namespaces.ReasonAgainstAsync(ns, token) is { } reason)
                    return OperationOutcome.Failed(reason);
                var answer = manager.ReasonAgainstListAsync(token);
                if (!answer.IsCompleted) await context.WaitForOthersAsync(_ => answer, token);
                if (await answer is { } missing) return OperationOutcome.Failed(missing);
                var vms = manager.List(ns);
                return OperationOutcome.Completed(
                    new VirtualMachineList { Vms = vms, Count = vms.Count }, ContractJson.Default.VirtualMachineList);
            },
        };
    }
}
