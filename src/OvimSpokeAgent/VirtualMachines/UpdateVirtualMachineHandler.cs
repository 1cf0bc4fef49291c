using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// <c>update_vm</c>: cpu, memory, instancetype, labels, annotations. What a running guest can take at once it takes, where the cluster's
/// rollout strategy allows that; else the result says that a restart is required.
/// </summary>
internal sealed class UpdateVirtualMachineHandler(
    IKubernetesApi api, VirtualMachineManager manager, IVirtualMachineAdmission admission, AgentSettings settings)
    : IOperationHandler
{
    public string Type => "update_vm";

    public IReadOnlyList<string> Aliases => ["VMUpdate"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var change = VirtualMachineChange.Read(payload);
        return new OperationPlan
        {
            Target = change.Name,
            TargetKind = KubeVirtKinds.VirtualMachine,
            Execute = (context, token) => UpdateAsync(change, context, token),
            ReadBack = async (context, token) => await manager.ReadAsync(change.Name, token) is { } vm && IsDone(vm, context.Key)
                ? await CompletedAsync(change, vm, token)
                : null,
            Restore = key => admission.Restore(new VirtualMachineClaim(
                change.Name,
                new VirtualMachineFootprint
                {
                    Vcpus = change.Vcpus ?? 0,
                    MemoryBytes = (long)(change.Memory?.Value ?? 0),
                    Instancetype = change.Instancetype is { } type ? new InstancetypeReference(type) : null,
                },
                ClaimKind.Resize,
                key)),
        };
    }

    private async Task<OperationOutcome> UpdateAsync(
        VirtualMachineChange change, OperationContext context, CancellationToken cancellationToken)
    {
        var (vm, refusal) = await manager.ReadOwnAsync(change.Name, cancellationToken);
        if (vm is null) return refusal!;
        // Done by an earlier execution: people may have changed it since, and that stays.
        if (IsDone(vm, context.Key)) return await CompletedAsync(change, vm, cancellationToken);
        if (change.GetRefusal(vm) is { } reason) return OperationOutcome.Failed(reason);
        var claim = new VirtualMachineClaim(
            change.Name, change.Footprint(vm, settings.CpuOvercommit), ClaimKind.Resize, context.Key);
        if (change.Resizes
            && await admission.AdmitAsync(claim, cancellationToken) is { } noRoom)
        {
            return OperationOutcome.Failed(noRoom);
        }
        try
        {
            var vmi = await manager.ReadInstanceAsync(change.Name, cancellationToken);
            var isLive = IsUp(vmi) && change.Vcpus is { } vcpus && vcpus != VirtualMachineFootprint.Of(vmi!.Spec).Vcpus
                && LiveUpdate.Takes(change, vm, vmi);
            var patched = await api.MergePatchAsync(
                KubeVirtKinds.VirtualMachine,
                change.Name,
                change.ToPatch(vm, isLive, settings.CpuOvercommit, context.Key),
                KubeVirtJson.Default.VirtualMachineObject,
                cancellationToken);
            return Completed(change, patched, vmi);
        }
        catch (KubernetesApiException e) when (e.IsDefinitiveRejection)
        {
            admission.Withdraw(claim);
            throw;
        }
    }

    private async Task<OperationOutcome> CompletedAsync(
        VirtualMachineChange change, VirtualMachineObject vm, CancellationToken cancellationToken) =>
        Completed(change, vm, await manager.ReadInstanceAsync(change.Name, cancellationToken));

    private OperationOutcome Completed(
        VirtualMachineChange change, VirtualMachineObject vm, VirtualMachineInstanceObject? vmi)
    {
        var status = manager.StatusOf(vm);
        return OperationOutcome.Completed(
            status with { RestartRequired = status.RestartRequired is true || (IsUp(vmi) && !LiveUpdate.Takes(change, vm, vmi!)) },
            ContractJson.Default.VirtualMachineStatus);
    }

    private static bool IsUp(VirtualMachineInstanceObject? vmi) =>
        vmi is { IsFinal: false, Metadata.DeletionTimestamp: null };

    private static bool IsDone(VirtualMachineObject vm, OperationKey key) =>
        vm.Metadata.Annotation(WellKnownNames.OperationAnnotation) == key.Value;
}
