using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// <c>delete_vm</c>: answered when the VM is gone. Which VM is meant is fixed first, by its uid, so that a repeat never
/// hits a namesake made since.
/// </summary>
internal sealed class DeleteVirtualMachineHandler(
    IKubernetesApi api, VirtualMachineManager manager, ManagedNamespaces namespaces) : IOperationHandler
{
    public string Type => "delete_vm";

    public IReadOnlyList<string> Aliases => ["VMDelete"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var name = payload.RequiredNamespacedName();
        return new OperationPlan
        {
            Target = name,
            Execute = (context, token) => DeleteAsync(name, context, token),
            ReadBack = (context, token) => ReadBackAsync(name, context, token),
        };
    }

    private async Task<OperationOutcome> DeleteAsync(
        NamespacedName name, OperationContext context, CancellationToken cancellationToken)
    {
        var vm = await manager.ReadAsync(name, cancellationToken);
        if (context.Checkpoint is { } meant && vm?.Metadata.Uid != meant) return Deleted(name);
        if (vm is null)
        {
            // Not every VM that the agent does not find is gone: the namespace may be the wrong one.
            return await namespaces.GetExistingRefusalAsync(name.Namespace, cancellationToken) is { } wrong
                ? OperationOutcome.Failed(wrong)
                : Deleted(name);
        }
        if (await manager.GetRefusalAsync(vm, cancellationToken) is { } reason) return OperationOutcome.Failed(reason);
        if (context.Checkpoint is null) await context.CheckpointAsync(vm.Metadata.Uid, cancellationToken);
        var uid = context.Checkpoint!;
        try
        {
            await api.DeleteAsync(
                KubeVirtKinds.VirtualMachine, name, new DeleteOptions { Uid = uid, Propagation = "Background" }, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return Deleted(name);
        }
        await context.WaitForOthersAsync(token => manager.WaitUntilGoneAsync(name, uid, token), cancellationToken);
        return Deleted(name);
    }

    private async Task<OperationOutcome?> ReadBackAsync(
        NamespacedName name, OperationContext context, CancellationToken cancellationToken)
    {
        if (context.Checkpoint is not { } uid) return null;
        if (await manager.ReadAsync(name, cancellationToken) is not { } vm || vm.Metadata.Uid != uid) return Deleted(name);
        if (vm.Metadata.DeletionTimestamp is null) return null;
        var vmi = await manager.ReadInstanceAsync(name, cancellationToken);
        List<string> blocks = [];
        if (vmi is not null) blocks.Add($"its guest is still there (VMI phase {vmi.Status?.Phase})");
        if (vmi?.Metadata.Finalizers is { Count: > 0 } held) blocks.Add($"finalizers of the VMI: {string.Join(", ", held)}");
        if (vm.Metadata.Finalizers is { Count: > 0 } own) blocks.Add($"finalizers of the VM: {string.Join(", ", own)}");
        return OperationOutcome.Failed(
            $"VM {name} is not gone yet, the deletion goes on; what blocks: "
            + (blocks.Count > 0 ? string.Join("; ", blocks) : "nothing that shows"));
    }

    private static OperationOutcome Deleted(NamespacedName name) => OperationOutcome.Completed(
        new DeletionResult { Name = name.Name, Namespace = name.Namespace }, ContractJson.Default.DeletionResult);
}
