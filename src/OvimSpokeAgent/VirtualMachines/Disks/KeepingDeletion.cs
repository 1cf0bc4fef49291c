using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Deletes a VM and keeps its disks. A finalizer holds the VM until the server shows that no disk would go with it:
/// <list type="number">
/// <item>The finalizer is set, then the disks are released: if that is refused, the VM is left as it was.</item>
/// <item>The VM is deleted. KubeVirt gives a VM that lives its disks back; from now on it does so no more.</item>
/// <item>When the guest is gone, the disks are released and looked at again, and the finalizer goes.</item>
/// </list>
/// An agent that ends in between leaves a VM that is held: whoever repeats it goes on.
/// </summary>
internal sealed class KeepingDeletion(IKubernetesApi api, VirtualMachineManager manager, DiskKeeper disks)
{
    private const int MaxAttempts = 3;

    /// <summary>What has the deletion of such a VM go on, for messages.</summary>
    public const string Remedy = "delete_vm goes on with it: with keep_disks it tries again, without it the disks go, too";

    /// <summary>Why a VM that is being deleted is still there, for messages.</summary>
    public const string Explanation = $"the finalizer {WellKnownNames.KeepDisksFinalizer} holds it until none of its disks would go with it; {Remedy}";

    /// <summary>Whether the VM is held for its disks.</summary>
    public static bool IsHeld(ObjectMetadata vm) => vm.Finalizers?.Contains(WellKnownNames.KeepDisksFinalizer) is true;

    /// <summary>Fixes what is kept, holds the VM and deletes it. Null: it is being deleted. Otherwise why not.</summary>
    public async Task<OperationOutcome?> BeginAsync(VirtualMachineObject vm, OperationContext context, CancellationToken cancellationToken)
    {
        var user = DiskUser.Of(vm, await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken));
        if (context.Checkpoint is null)
        {
            var found = await disks.FindAsync(user, cancellationToken);
            if (DiskKeeper.GetRefusal(user, found) is { } tooMany) return OperationOutcome.Failed(tooMany);
            await context.CheckpointAsync(DiskVerdicts.Classify(vm, found).ToCheckpoint(), cancellationToken);
        }
        // Nobody can hold a VM that is being deleted already: then the disks are released as long as it is there.
        if (vm.Metadata.DeletionTimestamp is null && !IsHeld(vm.Metadata)) vm = await HoldAsync(vm, cancellationToken);
        var isGoing = vm.Metadata.DeletionTimestamp is not null;
        var refusal = isGoing ? await disks.ReleaseAsync(user, cancellationToken) : await disks.TryReleaseAsync(user, cancellationToken);
        if (refusal is not null) return OperationOutcome.Failed(Explain(vm, refusal));
        if (isGoing) return null;
        await DeleteHeldAsync(vm.Metadata, cancellationToken);
        return null;
    }

    // In the version that was seen to be held: a request that comes late, after it was let go again, does nothing.
    private async Task DeleteHeldAsync(ObjectMetadata vm, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await manager.ReadAsync(vm.Key, cancellationToken) is not { } now || now.Metadata.Uid != vm.Uid || now.Metadata.DeletionTimestamp is not null) return;
            if (!IsHeld(now.Metadata))
                throw new KubernetesApiException(ApiErrorReason.Conflict, $"somebody took the finalizer {WellKnownNames.KeepDisksFinalizer} off VM {vm.Key}");
            var options = new DeleteOptions { Uid = vm.Uid, ResourceVersion = now.Metadata.ResourceVersion, Propagation = "Background" };
            try
            {
                await api.DeleteAsync(KubeVirtKinds.VirtualMachine, vm.Key, options, cancellationToken);
                return;
            }
            catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict && attempt < MaxAttempts)
            {
                // KubeVirt writes the status of a VM at any time.
            }
        }
    }

    /// <summary>
    /// Releases the disks of a VM that is being deleted and whose guest is gone, and lets the VM go. Null: that is done, or it is gone.
    /// </summary>
    public async Task<string?> EndAsync(NamespacedName name, string uid, CancellationToken cancellationToken)
    {
        if (await manager.ReadAsync(name, cancellationToken) is not { } vm || vm.Metadata.Uid != uid) return null;
        if (await disks.ReleaseAsync(DiskUser.Of(vm, await manager.ReadInstanceAsync(name, cancellationToken)), cancellationToken) is { } refusal)
            return Explain(vm, refusal);
        await LetGoAsync(vm.Metadata, cancellationToken);
        return null;
    }

    /// <summary>Takes the finalizer off; fails with a conflict where someone else changed the VM.</summary>
    public async Task LetGoAsync(ObjectMetadata vm, CancellationToken cancellationToken)
    {
        if (!IsHeld(vm)) return;
        IReadOnlyList<string> others = [.. vm.Finalizers!.Where(one => one != WellKnownNames.KeepDisksFinalizer)];
        try
        {
            await PatchFinalizersAsync(vm, others, ClusterJson.Default.AnyObject, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            // It went meanwhile.
        }
    }

    /// <summary>
    /// What of the fixed disks stayed, now that the VM is gone. It may have gone before they were released, when somebody else deleted it:
    /// what it still owns is released first, if the garbage collector has not come yet.
    /// </summary>
    public async Task<KeptDisks> VerifyAsync(KeptDisks judged, NamespacedName vm, CancellationToken cancellationToken)
    {
        if (judged.Kept.Count == 0) return judged;
        var user = DiskUser.Gone(vm, judged);
        var refusal = await disks.ReleaseAsync(user, cancellationToken);
        return DiskVerdicts.Verify(judged, await disks.FindAsync(user, cancellationToken), refusal);
    }

    private async Task<VirtualMachineObject> HoldAsync(VirtualMachineObject vm, CancellationToken cancellationToken) =>
        await PatchFinalizersAsync(
            vm.Metadata, [.. vm.Metadata.Finalizers ?? [], WellKnownNames.KeepDisksFinalizer], KubeVirtJson.Default.VirtualMachineObject, cancellationToken);

    private Task<T> PatchFinalizersAsync<T>(
        ObjectMetadata vm, IReadOnlyList<string> finalizers, JsonTypeInfo<T> type, CancellationToken cancellationToken) => api.MergePatchAsync(
            KubeVirtKinds.VirtualMachine,
            vm.Key,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["uid"] = vm.Uid,
                    ["resourceVersion"] = vm.ResourceVersion,
                    ["finalizers"] = new JsonArray([.. finalizers.Select(one => (JsonNode)JsonValue.Create(one))]),
                },
            },
            type,
            cancellationToken);

    private static string Explain(VirtualMachineObject vm, string refusal) => vm.Metadata.DeletionTimestamp is null
        ? $"VM {vm.Metadata.Key} is not deleted, since a disk would go with it: {refusal}"
        : $"VM {vm.Metadata.Key} is held by the finalizer {WellKnownNames.KeepDisksFinalizer}, since a disk would go with it: {refusal}; {Remedy}";
}
