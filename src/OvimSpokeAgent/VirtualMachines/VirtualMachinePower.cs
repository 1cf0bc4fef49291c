using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Starts, stops and restarts VMs, each by the way its run strategy asks for (KubeVirt, VirtualMachineRunStrategy). Every
/// method can be called again: what is already as wished is left alone.
/// </summary>
internal sealed partial class VirtualMachinePower(IKubernetesApi api, VirtualMachineManager manager)
{
    /// <summary>Starts; a VM that is to run already is left alone.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="context">The operation.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <param name="template">What of its template is to be put right before it boots; null: nothing.</param>
    public async Task<OperationOutcome> StartAsync(
        VirtualMachineObject vm, OperationContext context, CancellationToken cancellationToken, JsonObject? template = null)
    {
        if (vm.Metadata.DeletionTimestamp is not null) return CannotBe("started", vm, "it is being deleted");
        if (await GetBootRefusalAsync(vm, cancellationToken) is { } reason) return CannotBe("started", vm, reason);
        switch (vm.Spec?.Strategy)
        {
            case "Always":
                return Completed(vm);
            case "Halted" when vm.Metadata.Annotation(WellKnownNames.IncompleteAnnotation) is not null:
                return CannotBe("started", vm, "its creation failed, not all of its Secrets are there; delete it and create it again");
            case "Halted":
                return Completed(await SetStrategyAsync(vm, "Always", context.Key, cancellationToken, template));
            case "Manual" or "RerunOnFailure":
                return await AskAsync(vm, "start", [], IsStartedAsync, context, cancellationToken);
            default:
                return await IsStartedAsync(vm, cancellationToken)
                    ? Completed(vm)
                    : CannotBe("started", vm, $"its run strategy is {vm.Spec?.Strategy}");
        }
    }

    /// <summary>
    /// Restarts the boot whose uid is fixed, at most once: when the VMI with that uid is gone, the restart has happened.
    /// </summary>
    public async Task<OperationOutcome> RestartAsync(
        VirtualMachineObject vm, StopOptions options, OperationContext context, CancellationToken cancellationToken)
    {
        if (vm.Metadata.DeletionTimestamp is not null) return CannotBe("restarted", vm, "it is being deleted");
        var strategy = vm.Spec?.Strategy;
        if (strategy is not ("Always" or "Manual" or "RerunOnFailure"))
            return CannotBe("restarted", vm, $"its run strategy is {strategy}");

        var vmi = await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken);
        if (context.Checkpoint is not null && vmi?.Metadata.Uid != context.Checkpoint) return Completed(vm);
        if ((VolumeMigration.GetBootRefusal(vm) ?? GetEndRefusal(vm, vmi)) is { } reason)
            return CannotBe("restarted", vm, reason);
        if (context.Checkpoint is null)
        {
            if (IsEnding(vm, vmi))
            {
                return strategy == "Always" || IsAskedTo("Start", vm)
                    ? Completed(vm) // it is about to boot anyway
                    : CannotBe("restarted", vm, "it is not running");
            }
            await context.CheckpointAsync(vmi!.Metadata.Uid, cancellationToken);
        }
        var outcome = strategy == "Always" && options.GracePeriod != TimeSpan.Zero
            ? await DeleteInstanceAsync(vm, context.Checkpoint!, cancellationToken)
            : await AskAsync(
                vm, "restart", RestartBody(options), (now, token) => IsRestartedAsync(now, context.Checkpoint!, token), context, cancellationToken);
        return outcome.IsCompleted && options.GracePeriod > TimeSpan.Zero ? Completed(vm, UnusedGrace(options)) : outcome;
    }

    /// <summary>Whether a start has landed: the outcome if so, else null.</summary>
    public async Task<OperationOutcome?> ReadBackStartAsync(NamespacedName name, CancellationToken cancellationToken)
    {
        if ((await manager.ReadOwnAsync(name, cancellationToken)).Vm is not { } vm) return null;
        if (await GetBootRefusalAsync(vm, cancellationToken) is not null) return null;
        var landed = vm.Spec?.Strategy switch
        {
            "Always" => true,
            "Halted" => false,
            _ => await IsStartedAsync(vm, cancellationToken),
        };
        return landed ? Completed(vm) : null;
    }

    /// <summary>Whether the boot that was to end has ended: the outcome if so, else null.</summary>
    public async Task<OperationOutcome?> ReadBackRestartAsync(
        NamespacedName name, OperationContext context, CancellationToken cancellationToken) =>
        context.Checkpoint is { } uid
        && (await manager.ReadOwnAsync(name, cancellationToken)).Vm is { } vm
        && (await manager.ReadInstanceAsync(name, cancellationToken))?.Metadata.Uid != uid
            ? Completed(vm)
            : null;

    private OperationOutcome Completed(VirtualMachineObject vm, params IReadOnlyList<string> ignored) =>
        OperationOutcome.Completed(
            manager.StatusOf(vm) with { IgnoredFields = ignored.Count > 0 ? ignored : null },
            ContractJson.Default.VirtualMachineStatus);

    private static OperationOutcome CannotBe(string what, VirtualMachineObject vm, string why) =>
        OperationOutcome.Failed($"VM {vm.Metadata.Key} cannot be {what}: {why}");

    // running and runStrategy exclude each other. The VM keeps the field that it has: its owner's manifest names that one,
    // and would be refused beside the other.
    private Task<VirtualMachineObject> SetStrategyAsync(
        VirtualMachineObject vm, string strategy, OperationKey key, CancellationToken cancellationToken, JsonObject? template = null)
    {
        var spec = vm.Spec is { RunStrategy: null, Running: not null }
            ? new JsonObject { ["running"] = strategy == "Always" }
            : new JsonObject { ["runStrategy"] = strategy, ["running"] = null };
        if (template is not null) spec["template"] = template;
        return api.MergePatchAsync(
            KubeVirtKinds.VirtualMachine,
            vm.Metadata.Key,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["resourceVersion"] = vm.Metadata.ResourceVersion,
                    ["annotations"] = new JsonObject { [WellKnownNames.OperationAnnotation] = key.Value },
                },
                ["spec"] = spec,
            },
            KubeVirtJson.Default.VirtualMachineObject,
            cancellationToken);
    }

    private async Task<OperationOutcome> AskAsync(
        VirtualMachineObject vm,
        string subresource,
        JsonObject body,
        Func<VirtualMachineObject, CancellationToken, Task<bool>> isAsWished,
        OperationContext context,
        CancellationToken cancellationToken)
    {
        var name = vm.Metadata.Key;
        if (await isAsWished(vm, cancellationToken)) return Completed(vm);
        try
        {
            await api.PutSubresourceAsync(
                KubeVirtKinds.VirtualMachineSubresources, name, subresource, body, cancellationToken);
        }
        catch (KubernetesApiException e)
            when (e.Reason is ApiErrorReason.Unavailable && vm.Status?.StateChangeRequests is { Count: > 0 })
        {
            context.WaitsForOthers(); // some versions answer 500 to a request beside one that waits
            throw;
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict)
        {
            // "Not in that state": perhaps it is in the wished one already, or on its way to one where it can be asked.
            if (await manager.ReadAsync(name, cancellationToken) is not { } refused) return Gone(name);
            if (await isAsWished(refused, cancellationToken)) return Completed(refused);
            if (!await IsInTransitionAsync(refused, cancellationToken))
                return OperationOutcome.Failed($"KubeVirt refuses to {subresource} VM {name}: {e.Message}");
            context.WaitsForOthers();
            throw;
        }
        return await manager.ReadAsync(name, cancellationToken) is { } asked ? Completed(asked) : Gone(name);
    }

    private static OperationOutcome Gone(NamespacedName name) => OperationOutcome.Failed($"VM {name} is gone");

    private async Task<OperationOutcome> DeleteInstanceAsync(
        VirtualMachineObject vm, string uid, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(
                KubeVirtKinds.VirtualMachineInstance, vm.Metadata.Key, new DeleteOptions { Uid = uid }, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound or ApiErrorReason.Conflict)
        {
            // That boot is over already.
        }
        return Completed(vm);
    }

    // A guest that is up was booted before that.
    private async Task<string?> GetBootRefusalAsync(VirtualMachineObject vm, CancellationToken cancellationToken) =>
        VolumeMigration.GetBootRefusal(vm) is { } reason && !await IsUpAsync(vm, cancellationToken) ? reason : null;

    private async Task<bool> IsUpAsync(VirtualMachineObject vm, CancellationToken cancellationToken) =>
        await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken) is { IsFinal: false };

    private async Task<bool> IsStartedAsync(VirtualMachineObject vm, CancellationToken cancellationToken)
    {
        if (vm.Status?.StateChangeRequests is { Count: > 0 } requests) return requests[^1].Action == "Start";
        return await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken) is { Metadata.DeletionTimestamp: null } vmi
            && (!vmi.IsFinal || IsRerun(vm, vmi));
    }

    // A request that waits may be ours of before a crash: asking again could boot the guest twice.
    private async Task<bool> IsRestartedAsync(VirtualMachineObject vm, string uid, CancellationToken cancellationToken) =>
        IsAskedTo("Start", vm)
        || (await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken))?.Metadata.Uid != uid;

    private async Task<bool> IsInTransitionAsync(VirtualMachineObject vm, CancellationToken cancellationToken) =>
        vm.Status?.StateChangeRequests is { Count: > 0 }
        || (await manager.ReadInstanceAsync(vm.Metadata.Key, cancellationToken) is { } vmi
            && (vmi.Metadata.DeletionTimestamp is not null || IsRerun(vm, vmi)));

    // No boot, or one that is over or about to be.
    private static bool IsEnding(VirtualMachineObject vm, VirtualMachineInstanceObject? vmi) =>
        vmi is null or { IsFinal: true } or { Metadata.DeletionTimestamp: not null } || IsAskedTo("Stop", vm);

    private static string? GetEndRefusal(VirtualMachineObject vm, VirtualMachineInstanceObject? vmi) =>
        IsEnding(vm, vmi) ? null : VolumeMigration.GetEndRefusal(vm, vmi);

    // KubeVirt runs it again by itself.
    private static bool IsRerun(VirtualMachineObject vm, VirtualMachineInstanceObject vmi) =>
        vm.Spec?.Strategy == "RerunOnFailure" && vmi.Status?.Phase == "Failed";

    private static bool IsAskedTo(string action, VirtualMachineObject vm) =>
        vm.Status?.StateChangeRequests?.Any(request => request.Action == action) is true;

    // KubeVirt takes only 0 here.
    private static JsonObject RestartBody(StopOptions options) =>
        options.GracePeriod == TimeSpan.Zero ? new() { ["gracePeriodSeconds"] = 0 } : [];

    private static string UnusedGrace(StopOptions options) =>
        $"grace_period_seconds ({(long)options.GracePeriod!.Value.TotalSeconds}): a restart gives the guest the VM's own grace period, or none (force)";
}
