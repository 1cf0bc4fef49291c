using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <content>
/// Stopping: done when no guest can come without a new start. virt-api stops only a guest that is there; without one, what
/// would make one is taken away: a start that waits, and a run strategy that boots by itself.
/// </content>
internal sealed partial class VirtualMachinePower
{
    /// <summary>Stops; a VM that is stopped or stopping is left alone, unless the options is for less grace.</summary>
    public async Task<OperationOutcome> StopAsync(
        VirtualMachineObject vm, StopOptions options, OperationContext context, CancellationToken cancellationToken)
    {
        var vmi = await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken);
        if (vm.Spec?.Strategy is not "Halted" && GetEndRefusal(vm, vmi) is { } reason) return CannotBe("stopped", vm, reason);
        var keepsItself = vm.Spec?.Strategy is "Manual" or "RerunOnFailure";
        if (keepsItself && vmi is { IsFinal: false })
        {
            return await AskAsync(
                vm, "stop", StopBody(options), (now, token) => IsStoppedAsync(now, options, token), context, cancellationToken);
        }
        // The start first: KubeVirt takes one that waits on a halted VM as the options that it runs always.
        try
        {
            if (IsAskedTo("Start", vm)) vm = await WithdrawStartAsync(vm, cancellationToken);
            if (BootsByItself(vm, vmi)) vm = await SetStrategyAsync(vm, "Halted", context.Key, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.IsDefinitiveRejection)
        {
            return CannotBe("stopped", vm, e.Message);
        }
        if (keepsItself && await IsUpAsync(vm, cancellationToken))
            throw new KubernetesApiException(ApiErrorReason.Conflict, $"VM {vm.Metadata.Key} has booted just now");
        return options.GracePeriod is null ? Completed(vm) : await ShortenStopAsync(vm, options, cancellationToken);
    }

    /// <summary>Whether a stop has landed: the outcome if so, else null.</summary>
    public async Task<OperationOutcome?> ReadBackStopAsync(
        NamespacedName name, StopOptions options, CancellationToken cancellationToken)
    {
        if ((await manager.ReadOwnAsync(name, cancellationToken)).Vm is not { } vm) return null;
        return await IsStoppedAsync(vm, options, cancellationToken) ? Completed(vm) : null;
    }

    // No guest can come without a new start, and one that is there goes as wished.
    private async Task<bool> IsStoppedAsync(VirtualMachineObject vm, StopOptions options, CancellationToken cancellationToken)
    {
        if (IsAskedTo("Start", vm)) return false;
        var vmi = await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken);
        if (BootsByItself(vm, vmi)) return false;
        if (vmi is null or { IsFinal: true }) return true;
        var isGoing = vm.Spec?.Strategy is "Halted" || vmi.Metadata.DeletionTimestamp is not null || IsAskedTo("Stop", vm);
        return isGoing && options.GracePeriod is null;
    }

    // KubeVirt boots what reruns on failure once, when it is new, and after each failure; it notes what it has started once,
    // and the failures since the last boot that came through.
    private static bool BootsByItself(VirtualMachineObject vm, VirtualMachineInstanceObject? vmi) => vm.Spec?.Strategy switch
    {
        "Halted" or "Manual" => false,
        "RerunOnFailure" => vmi is null
            ? vm.Status is not { RunStrategy: "RerunOnFailure", StartFailure: null or { ConsecutiveFailCount: <= 0 } }
            : IsRerun(vm, vmi),
        _ => true,
    };

    private Task<VirtualMachineObject> WithdrawStartAsync(VirtualMachineObject vm, CancellationToken cancellationToken)
    {
        var rest = vm.Status!.StateChangeRequests!.Where(request => request.Action != "Start").Select(request =>
            (JsonNode)new JsonObject { ["action"] = request.Action, ["uid"] = request.Uid }).ToArray();
        return api.MergePatchStatusAsync(
            KubeVirtKinds.VirtualMachine,
            vm.Metadata.Key,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = vm.Metadata.ResourceVersion },
                ["status"] = new JsonObject { ["stateChangeRequests"] = rest.Length > 0 ? new JsonArray(rest) : null },
            },
            KubeVirtJson.Default.VirtualMachineObject,
            cancellationToken);
    }

    // With the VM halted the stop is under way; asking again with a shorter grace period forces it. KubeVirt refuses one
    // that is not shorter, and up to v1.2 each (after it has taken the grace period over): the VM stops all the same.
    private async Task<OperationOutcome> ShortenStopAsync(
        VirtualMachineObject vm, StopOptions options, CancellationToken cancellationToken)
    {
        if (!await IsUpAsync(vm, cancellationToken)) return Completed(vm);
        try
        {
            await api.PutSubresourceAsync(
                KubeVirtKinds.VirtualMachineSubresources, vm.Metadata.Key, "stop", StopBody(options), cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict)
        {
            // Its own, shorter one holds.
        }
        catch (KubernetesApiException e) when (e.IsDefinitiveRejection)
        {
            return OperationOutcome.Failed(
                $"VM {vm.Metadata.Key} is being stopped, but with its own grace period; a shorter one is refused: {e.Message}");
        }
        return Completed(vm);
    }

    private static JsonObject StopBody(StopOptions options) =>
        options.GracePeriod is { } grace ? new() { ["gracePeriod"] = (long)grace.TotalSeconds } : [];
}
