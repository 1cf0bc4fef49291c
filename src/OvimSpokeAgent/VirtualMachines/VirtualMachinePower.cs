using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>How a stop or restart is wished for.</summary>
/// <param name="GracePeriod">Time for the guest to shut down; null: the VM's own; zero: none (force).</param>
internal sealed record StopWish(TimeSpan? GracePeriod)
{
    private const int MaxGraceSeconds = 24 * 3600;

    public static StopWish Read(PayloadReader payload)
    {
        var force = payload.OptionalBool("force") ?? false;
        var seconds = payload.OptionalInt("grace_period_seconds", 0, MaxGraceSeconds);
        return new StopWish(force ? TimeSpan.Zero : seconds is { } s ? TimeSpan.FromSeconds(s) : null);
    }
}

/// <summary>
/// Starts, stops and restarts VMs, each by the way its run strategy asks for (KubeVirt, VirtualMachineRunStrategy). Every
/// method can be called again: what is already as wished is left alone.
/// </summary>
internal sealed class VirtualMachinePower(IKubernetesApi api, VirtualMachineManager manager)
{
    private static readonly string[] FinalPhases = ["Succeeded", "Failed"];

    /// <summary>Starts; a VM that is to run already is left alone.</summary>
    public async Task<OperationOutcome> StartAsync(
        VirtualMachineObject vm, OperationKey key, CancellationToken cancellationToken)
    {
        var name = vm.Metadata.Key;
        switch (vm.Spec?.Strategy)
        {
            case "Always":
                return Completed(vm);
            case "Halted":
                return Completed(await SetStrategyAsync(vm, "Always", key, cancellationToken));
            case "Manual" or "RerunOnFailure":
                return await AskAsync(vm, "start", [], IsStartedAsync, cancellationToken);
            default:
                return await IsStartedAsync(vm, cancellationToken)
                    ? Completed(vm)
                    : OperationOutcome.Failed($"VM {name} cannot be started: its run strategy is {vm.Spec?.Strategy}");
        }
    }

    /// <summary>Stops; a VM that is stopped or stopping is left alone, unless the wish is for less grace.</summary>
    public async Task<OperationOutcome> StopAsync(
        VirtualMachineObject vm, StopWish wish, OperationKey key, CancellationToken cancellationToken)
    {
        if (vm.Spec?.Strategy is "Manual" or "RerunOnFailure")
        {
            return await AskAsync(
                vm, "stop", StopBody(wish), (now, token) => IsStoppedAsync(now, wish, token), cancellationToken);
        }
        if (vm.Spec?.Strategy is not "Halted") vm = await SetStrategyAsync(vm, "Halted", key, cancellationToken);
        // With the VM halted the stop is under way; asking again with a shorter grace period forces it.
        return wish.GracePeriod is null
            ? Completed(vm)
            : await AskAsync(
                vm, "stop", StopBody(wish), async (now, token) => !await IsUpAsync(now, token), cancellationToken);
    }

    /// <summary>
    /// Restarts the boot whose uid is fixed, at most once: when the VMI with that uid is gone, the restart has happened.
    /// </summary>
    public async Task<OperationOutcome> RestartAsync(
        VirtualMachineObject vm, StopWish wish, OperationContext context, CancellationToken cancellationToken)
    {
        var name = vm.Metadata.Key;
        var strategy = vm.Spec?.Strategy;
        if (strategy is not ("Always" or "Manual" or "RerunOnFailure"))
            return OperationOutcome.Failed($"VM {name} cannot be restarted: its run strategy is {strategy}");

        var vmi = await manager.ReadInstanceAsync(name, cancellationToken);
        if (context.Fact is null)
        {
            if (vmi is null || FinalPhases.Contains(vmi.Status?.Phase))
            {
                return strategy == "Always"
                    ? Completed(vm) // it is about to boot anyway
                    : OperationOutcome.Failed($"VM {name} cannot be restarted: it is not running");
            }
            await context.FixAsync(vmi.Metadata.Uid, cancellationToken);
        }
        if (vmi?.Metadata.Uid != context.Fact) return Completed(vm);
        return strategy == "Always"
            ? await DeleteInstanceAsync(vm, wish, context.Fact!, cancellationToken)
            : await AskAsync(
                vm, "restart", RestartBody(wish), (now, token) => IsRestartedAsync(now, context.Fact!, token), cancellationToken);
    }

    private OperationOutcome Completed(VirtualMachineObject vm) =>
        OperationOutcome.Completed(manager.StatusOf(vm), ContractJson.Default.VirtualMachineStatus);

    // running and runStrategy exclude each other: whoever writes one removes the other in the same request.
    private Task<VirtualMachineObject> SetStrategyAsync(
        VirtualMachineObject vm, string strategy, OperationKey key, CancellationToken cancellationToken) =>
        api.MergePatchAsync(
            KubeVirtKinds.VirtualMachine,
            vm.Metadata.Key,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["resourceVersion"] = vm.Metadata.ResourceVersion,
                    ["annotations"] = new JsonObject { [Names.OperationAnnotation] = key.Value },
                },
                ["spec"] = new JsonObject { ["runStrategy"] = strategy, ["running"] = null },
            },
            KubeVirtJson.Default.VirtualMachineObject,
            cancellationToken);

    private async Task<OperationOutcome> AskAsync(
        VirtualMachineObject vm,
        string subresource,
        JsonObject body,
        Func<VirtualMachineObject, CancellationToken, Task<bool>> isAsWished,
        CancellationToken cancellationToken)
    {
        var name = vm.Metadata.Key;
        if (await isAsWished(vm, cancellationToken)) return Completed(vm);
        string? refusal = null;
        try
        {
            await api.PutSubresourceAsync(
                KubeVirtKinds.VirtualMachineSubresources, name, subresource, body, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict)
        {
            refusal = e.Message; // "not in that state": perhaps it already is in the one that is wished for
        }
        if (await manager.ReadAsync(name, cancellationToken) is not { } now)
            return OperationOutcome.Failed($"VM {name} is gone");
        return refusal is null || await isAsWished(now, cancellationToken)
            ? Completed(now)
            : OperationOutcome.Failed($"KubeVirt refuses to {subresource} VM {name}: {refusal}");
    }

    private async Task<OperationOutcome> DeleteInstanceAsync(
        VirtualMachineObject vm, StopWish wish, string uid, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(
                KubeVirtKinds.VirtualMachineInstance,
                vm.Metadata.Key,
                new DeleteOptions { Uid = uid, GracePeriod = wish.GracePeriod },
                cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            // That boot is over already.
        }
        return Completed(vm);
    }

    private async Task<bool> IsUpAsync(VirtualMachineObject vm, CancellationToken cancellationToken) =>
        await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken) is { } vmi
        && !FinalPhases.Contains(vmi.Status?.Phase);

    private async Task<bool> IsStartedAsync(VirtualMachineObject vm, CancellationToken cancellationToken)
    {
        var requests = vm.Status?.StateChangeRequests ?? [];
        if (requests.Count > 0) return requests[^1].Action == "Start";
        return await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken) is { } vmi
            && vmi.Metadata.DeletionTimestamp is null && !FinalPhases.Contains(vmi.Status?.Phase);
    }

    private async Task<bool> IsStoppedAsync(VirtualMachineObject vm, StopWish wish, CancellationToken cancellationToken)
    {
        var requests = vm.Status?.StateChangeRequests ?? [];
        if (wish.GracePeriod is null && requests.Count > 0 && requests[^1].Action == "Stop") return true;
        if (requests.Any(request => request.Action == "Start")) return false;
        return await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken) is not { } vmi
            || (vmi.Metadata.DeletionTimestamp is not null && wish.GracePeriod is null)
            || FinalPhases.Contains(vmi.Status?.Phase);
    }

    // A request that waits may be ours of before a crash: asking again could boot the guest twice.
    private async Task<bool> IsRestartedAsync(VirtualMachineObject vm, string uid, CancellationToken cancellationToken) =>
        vm.Status?.StateChangeRequests is { Count: > 0 }
        || (await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken))?.Metadata.Uid != uid;

    private static JsonObject StopBody(StopWish wish) =>
        wish.GracePeriod is { } grace ? new() { ["gracePeriod"] = (long)grace.TotalSeconds } : [];

    // KubeVirt takes only 0 here.
    private static JsonObject RestartBody(StopWish wish) =>
        wish.GracePeriod == TimeSpan.Zero ? new() { ["gracePeriodSeconds"] = 0 } : [];
}
