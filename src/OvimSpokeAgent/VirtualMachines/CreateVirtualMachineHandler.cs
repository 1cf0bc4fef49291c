using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// <c>create_vm</c>: answered as soon as the API server has accepted the VM. One that needs Secrets is made halted and marked
/// as incomplete, then its Secrets, then it is let run: interrupted anywhere, the next execution goes on; refused anywhere,
/// the VM goes again and has never run.
/// </summary>
internal sealed class CreateVirtualMachineHandler(
    IKubernetesApi api,
    VirtualMachineManager manager,
    ManagedNamespaces namespaces,
    IVirtualMachineAdmission admission,
    DiskSources sources,
    DiskRooms rooms,
    ITemplateSource templates,
    AgentSettings settings) : IOperationHandler
{
    private const int MaxQuickTries = 5;

    public string Type => "create_vm";

    public IReadOnlyList<string> Aliases => ["VMCreate"];

    public OperationPlan Plan(PayloadReader payload)
    {
        if (payload.OptionalString(TemplateMerge.NameFields) is { } template) return Plan(payload, template);
        var request = VirtualMachineRequest.Read(payload);
        return new OperationPlan
        {
            Target = request.Name,
            TargetKind = KubeVirtKinds.VirtualMachine,
            Execute = (context, token) => CreateAsync(request, context, token),
            ReadBack = (context, token) => ReadBackAsync(request, context, token),
            GiveUp = (context, token) => GiveUpAsync(request.Name, context, token),
            Restore = key => admission.Restore(Claim(request, key, Usual(request))),
        };
    }

    // Which template that is, is known when it is its turn: the operation before may bring it.
    private OperationPlan Plan(PayloadReader payload, string template)
    {
        var name = payload.RequiredNewNamespacedName();
        var templated = new TemplatedRequest(template, payload.Json, templates);
        return new OperationPlan
        {
            Target = name,
            TargetKind = KubeVirtKinds.VirtualMachine,
            Execute = (context, token) => CreateAsync(name, templated, context, token),
            ReadBack = async (context, token) =>
                context.Checkpoint is { } known && templated.Read(known) is { } request ? await ReadBackAsync(request, context, token) : null,
            GiveUp = (context, token) => GiveUpAsync(name, context, token),
            RestoreFromCheckpoint = (key, known) =>
            {
                if (templated.Read(known) is { } request) admission.Restore(Claim(request, key, Usual(request)));
            },
        };
    }

    private async Task<OperationOutcome> CreateAsync(
        NamespacedName name, TemplatedRequest templated, OperationContext context, CancellationToken cancellationToken)
    {
        if (await namespaces.GetRefusalAsync(name.Namespace, cancellationToken) is { } reason) return OperationOutcome.Failed(reason);
        var (request, refusal) = await templated.ReadAsync(context, cancellationToken);
        return request is null ? OperationOutcome.Failed(refusal!) : await CreateAsync(request, context, cancellationToken);
    }

    private async Task<OperationOutcome> CreateAsync(
        VirtualMachineRequest request, OperationContext context, CancellationToken cancellationToken)
    {
        if (await namespaces.GetRefusalAsync(request.Name.Namespace, cancellationToken) is { } reason)
            return OperationOutcome.Failed(reason);
        (request, var refusal) = await sources.ResolveAsync(request, cancellationToken);
        var claim = Claim(request, context.Key, refusal is null ? await rooms.OfAsync(request, cancellationToken) : default);
        refusal ??= await admission.AdmitAsync(claim, cancellationToken);
        if (refusal is not null)
        {
            // Made before, it is there: what was declared or went since does not undo it.
            return await ReadBackAsync(request, context, cancellationToken) ?? OperationOutcome.Failed(refusal);
        }
        if (await CreateAdmittedAsync(request, claim, cancellationToken) is not { } vm)
            return OperationOutcome.Failed($"a VM {request.Name} exists already and was not made by this operation");
        return await FinishAsync(request, vm, context.Key, cancellationToken);
    }

    private static DiskRoom Usual(VirtualMachineRequest request) => DiskRoom.Usual(request.Disks, request.Name.Namespace);

    private VirtualMachineClaim Claim(VirtualMachineRequest request, OperationKey key, DiskRoom room) => new(
        request.Name,
        new VirtualMachineFootprint
        {
            Vcpus = request.Vcpus ?? 0,
            MemoryBytes = (long)(request.Memory?.Value ?? 0),
            Instancetype = request.Instancetype is { } type ? new InstancetypeReference(type) : null,
            CpuRequest = request.Vcpus / settings.CpuOvercommit,
            IsArm64 = request.Machine.Architecture == "arm64",
            StorageBytes = room.Bytes,
            FillingBytes = room.FillingBytes,
        },
        ClaimKind.Create,
        key);

    // What is refused for good gives its room back; what may have landed keeps it.
    private async Task<VirtualMachineObject?> CreateAdmittedAsync(
        VirtualMachineRequest request, VirtualMachineClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            var vm = await CreateOrFindAsync(request, claim.Key, cancellationToken);
            if (vm is null) admission.Withdraw(claim);
            return vm;
        }
        catch (KubernetesApiException e) when (e.IsDefinitiveRejection)
        {
            admission.Withdraw(claim);
            throw;
        }
    }

    private async Task<OperationOutcome> FinishAsync(
        VirtualMachineRequest request, VirtualMachineObject vm, OperationKey key, CancellationToken cancellationToken)
    {
        foreach (var secret in GuestManifests.Secrets(request, key, vm.Metadata.Uid))
            await CreateSecretAsync(secret, request.Name.Namespace, cancellationToken);
        vm = await CompleteAsync(request, vm, cancellationToken);
        return OperationOutcome.Completed(
            manager.StatusOf(vm) with
            {
                IgnoredFields = request.Notes.IgnoredFields is { Count: > 0 } ignored ? ignored : null,
                Warnings = request.Notes.Warnings is { Count: > 0 } warnings ? warnings : null,
                Used = UsedFields.Of(request),
            },
            ContractJson.Default.VirtualMachineStatus);
    }

    // KubeVirt's controller writes a new VM at the same time.
    private async Task<VirtualMachineObject> CompleteAsync(
        VirtualMachineRequest request, VirtualMachineObject vm, CancellationToken cancellationToken)
    {
        for (var tries = 1; IsIncomplete(vm); tries++)
        {
            try
            {
                var complete = await api.MergePatchAsync(
                    KubeVirtKinds.VirtualMachine,
                    request.Name,
                    VirtualMachineManifest.Complete(request, vm),
                    KubeVirtJson.Default.VirtualMachineObject,
                    cancellationToken);
                // What KubeVirt says of it so far is of the halted one.
                return request.Run ? complete with { Status = null } : complete;
            }
            catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.Conflict && tries < MaxQuickTries)
            {
                if (await manager.ReadAsync(request.Name, cancellationToken) is not { } now || now.Metadata.Uid != vm.Metadata.Uid) throw;
                vm = now;
            }
        }
        return vm;
    }

    // Nobody has used it: it was never let run. What its owner has started by hand meanwhile stays.
    private async Task<string?> GiveUpAsync(
        NamespacedName name, OperationContext context, CancellationToken cancellationToken)
    {
        if (await manager.ReadAsync(name, cancellationToken) is not { } vm || !IsOwn(vm, context.Key) || !IsIncomplete(vm))
            return null;
        if (vm.Spec?.Strategy is not "Halted") return $"VM {name} is left: it was started meanwhile, without all of its Secrets";
        try
        {
            await api.DeleteAsync(
                KubeVirtKinds.VirtualMachine,
                name,
                new DeleteOptions { Uid = vm.Metadata.Uid, Propagation = "Background" },
                cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.NotFound)
        {
            return null;
        }
        catch (KubernetesApiException e) when (e.IsDefinitiveRejection)
        {
            return $"VM {name} is left halted, without all of its Secrets, since it cannot be deleted: {e.Message}";
        }
        await context.WaitForOthersAsync(token => manager.WaitUntilGoneAsync(name, vm.Metadata.Uid, token), cancellationToken);
        return null;
    }

    private static bool IsIncomplete(VirtualMachineObject vm) => vm.Metadata.Annotation(WellKnownNames.IncompleteAnnotation) is not null;

    /// <summary>The VM of this operation, made now or by an earlier execution; null: it is someone else's.</summary>
    private async Task<VirtualMachineObject?> CreateOrFindAsync(
        VirtualMachineRequest request, OperationKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await api.CreateAsync(
                KubeVirtKinds.VirtualMachine,
                request.Name.Namespace,
                VirtualMachineManifest.Build(request, key, settings.CpuOvercommit),
                KubeVirtJson.Default.VirtualMachineObject,
                cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.AlreadyExists)
        {
            if (await manager.ReadAsync(request.Name, cancellationToken) is not { } vm)
                throw new KubernetesApiException(ApiErrorReason.Conflict, e.Message, inner: e); // it went just now
            return IsOwn(vm, key) ? vm : null;
        }
    }

    private static bool IsOwn(VirtualMachineObject vm, OperationKey key) =>
        vm.Metadata.Annotation(WellKnownNames.CreatedByAnnotation) == key.Value;

    private async Task CreateSecretAsync(JsonObject secret, string ns, CancellationToken cancellationToken)
    {
        try
        {
            await api.CreateAsync(KubernetesKinds.Secret, ns, secret, ClusterJson.Default.AnyObject, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.Reason is ApiErrorReason.AlreadyExists)
        {
            // Made by an earlier execution: the name carries the operation's key.
        }
    }

    // The Secrets cannot be read, but made: those that are there stay as they are.
    private async Task<OperationOutcome?> ReadBackAsync(
        VirtualMachineRequest request, OperationContext context, CancellationToken cancellationToken) =>
        await manager.ReadAsync(request.Name, cancellationToken) is { } vm && IsOwn(vm, context.Key)
            ? await FinishAsync(request, vm, context.Key, cancellationToken)
            : null;
}
