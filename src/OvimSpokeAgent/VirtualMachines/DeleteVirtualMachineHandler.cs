using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// <c>delete_vm</c>: answered when the VM is gone. Which VM is meant is fixed first, by its uid, so that a repeat never
/// hits a namesake made since. With <c>keep_disks</c> its disks stay (<see cref="KeepingDeletion"/>).
/// </summary>
internal sealed class DeleteVirtualMachineHandler(
    IKubernetesApi api, VirtualMachineManager manager, ManagedNamespaces namespaces, KeepingDeletion keeping) : IOperationHandler
{
    public string Type => "delete_vm";

    public IReadOnlyList<string> Aliases => ["VMDelete"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var name = payload.RequiredNamespacedName();
        var keepDisks = payload.OptionalBool("keep_disks") is true;
        return new OperationPlan
        {
            Target = name,
            TargetKind = KubeVirtKinds.VirtualMachine,
            DeletesTarget = true,
            Execute = (context, token) => DeleteAsync(name, keepDisks, context, token),
            ReadBack = (context, token) => ReadBackAsync(name, context, token),
            GiveUp = keepDisks ? (context, token) => GiveUpAsync(name, context, token) : null,
        };
    }

    private async Task<OperationOutcome> DeleteAsync(
        NamespacedName name, bool keepDisks, OperationContext context, CancellationToken cancellationToken)
    {
        var vm = await manager.ReadAsync(name, cancellationToken);
        if (UidOf(context) is { } meant && vm?.Metadata.Uid != meant) return await DeletedAsync(name, context, cancellationToken);
        if (vm is null)
        {
            // Not every VM that the agent does not find is gone: the namespace may be the wrong one.
            return await namespaces.GetExistingRefusalAsync(name.Namespace, cancellationToken) is { } wrong
                ? OperationOutcome.Failed(wrong)
                : await DeletedAsync(name, context, cancellationToken);
        }
        if (await manager.GetRefusalAsync(vm, cancellationToken) is { } reason) return OperationOutcome.Failed(reason);
        try
        {
            var refusal = keepDisks
                ? await DeleteKeepingAsync(vm, context, cancellationToken)
                : await DeleteAllAsync(vm, context, cancellationToken);
            if (refusal is not null) return refusal;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return await DeletedAsync(name, context, cancellationToken);
        }
        await context.WaitForOthersAsync(token => manager.WaitUntilGoneAsync(name, vm.Metadata.Uid, token), cancellationToken);
        return await DeletedAsync(name, context, cancellationToken);
    }

    // Whoever wanted its disks kept before does so no more.
    private async Task<OperationOutcome?> DeleteAllAsync(VirtualMachineObject vm, OperationContext context, CancellationToken cancellationToken)
    {
        if (context.Checkpoint is null) await context.CheckpointAsync(vm.Metadata.Uid, cancellationToken);
        await keeping.LetGoAsync(vm.Metadata, cancellationToken);
        await api.DeleteAsync(
            KubeVirtKinds.VirtualMachine,
            vm.Metadata.Key,
            new DeleteOptions { Uid = UidOf(context), Propagation = "Background" },
            cancellationToken);
        return null;
    }

    private async Task<OperationOutcome?> DeleteKeepingAsync(
        VirtualMachineObject vm, OperationContext context, CancellationToken cancellationToken)
    {
        if (await keeping.BeginAsync(vm, context, cancellationToken) is { } refusal) return refusal;
        await context.WaitForOthersAsync(
            token => manager.WaitUntilGuestGoneAsync(vm.Metadata.Key, vm.Metadata.Uid, token), cancellationToken);
        return await keeping.EndAsync(vm.Metadata.Key, vm.Metadata.Uid, cancellationToken) is { } reason ? OperationOutcome.Failed(reason) : null;
    }

    private async Task<OperationOutcome?> ReadBackAsync(
        NamespacedName name, OperationContext context, CancellationToken cancellationToken)
    {
        if (UidOf(context) is not { } uid) return null;
        if (await manager.ReadAsync(name, cancellationToken) is not { } vm || vm.Metadata.Uid != uid)
            return await DeletedAsync(name, context, cancellationToken);
        if (vm.Metadata.DeletionTimestamp is null) return null;
        var vmi = await manager.ReadInstanceAsync(name, cancellationToken);
        List<string> blocks = [];
        if (vmi is not null) blocks.Add($"its guest is still there (VMI phase {vmi.Status?.Phase})");
        if (vmi?.Metadata.Finalizers is { Count: > 0 } held) blocks.Add($"finalizers of the VMI: {string.Join(", ", held)}");
        if (vm.Metadata.Finalizers is { Count: > 0 } own) blocks.Add($"finalizers of the VM: {string.Join(", ", own)}");
        return OperationOutcome.Failed(
            $"VM {name} is not gone yet, the deletion goes on; what blocks: "
            + (blocks.Count > 0 ? string.Join("; ", blocks) : "nothing that shows")
            + (KeepingDeletion.IsHeld(vm.Metadata) ? $" ({KeepingDeletion.Explanation})" : ""));
    }

    // A VM that lives is as it was before; one that is being deleted must not take with it what was to be kept.
    private async Task<string?> GiveUpAsync(NamespacedName name, OperationContext context, CancellationToken cancellationToken)
    {
        if (UidOf(context) is not { } uid || await manager.ReadAsync(name, cancellationToken) is not { } vm || vm.Metadata.Uid != uid) return null;
        if (vm.Metadata.DeletionTimestamp is null) await keeping.LetGoAsync(vm.Metadata, cancellationToken);
        return null;
    }

    private static string? UidOf(OperationContext context) => context.Checkpoint is { } checkpoint ? KeptDisks.Parse(checkpoint).Uid : null;

    private async Task<OperationOutcome> DeletedAsync(NamespacedName name, OperationContext context, CancellationToken cancellationToken)
    {
        var result = new DeletionResult { Name = name.Name, Namespace = name.Namespace };
        if (context.Checkpoint?.StartsWith('{') is true)
        {
            var disks = await keeping.VerifyAsync(KeptDisks.Parse(context.Checkpoint), name, cancellationToken);
            result = result with { KeptDisks = [.. disks.Kept.Select(disk => disk.Name)], DisksOfOthers = NullIfEmpty(disks.OfOthers), LostDisks = NullIfEmpty(disks.Lost) };
        }
        return OperationOutcome.Completed(result, ContractJson.Default.DeletionResult);
    }

    private static IReadOnlyList<string>? NullIfEmpty(IReadOnlyList<string> list) => list.Count == 0 ? null : list;
}
