using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// The VMs as the hub sees them. Lists and changes come from the watch caches; what an operation acts on is read from
/// the API server.
/// </summary>
internal sealed class VirtualMachineManager(
    IKubernetesApi api,
    WatchCache<VirtualMachineObject, VirtualMachineItem> machines,
    WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> instances,
    ManagedNamespaces namespaces,
    Instancetypes instancetypes,
    DiskCaches disks,
    IMigrationRoom room,
    ObjectFailures failures,
    TimeProvider time)
{
    private readonly ObjectGuard _guard = failures.At("VM status");

    /// <summary>
    /// The VMs of all managed namespaces, or of one, by name. From the caches. One whose status cannot be told is there, and
    /// says so.
    /// </summary>
    public IReadOnlyList<VirtualMachineStatus> List(string? ns)
    {
        List<VirtualMachineItem> listed =
        [
            .. machines.Items
                .Where(vm => (ns is null || vm.Name.Namespace == ns) && namespaces.IsManaged(vm.Name.Namespace))
                .OrderBy(vm => vm.Name.Namespace, StringComparer.Ordinal)
                .ThenBy(vm => vm.Name.Name, StringComparer.Ordinal),
        ];
        if (ns is null) _guard.RetainOnly(listed.Select(vm => vm.Name));
        var cramped = new Dictionary<string, IReadOnlyCollection<NamespacedName>>();
        return
        [
            .. listed.Select(vm => _guard.Run(
                vm.Name,
                () => StatusOf(vm, CrampedIn(vm.Name.Namespace)),
                failure => VirtualMachineStatusMap.StatusUnavailable(vm, failure.Message))),
        ];

        // Once for all VMs of a namespace.
        IReadOnlyCollection<NamespacedName> CrampedIn(string vmNamespace) => cramped.TryGetValue(vmNamespace, out var known)
            ? known
            : cramped[vmNamespace] = room.VmsWithout(vmNamespace);
    }

    /// <summary>The status of one VM of a managed namespace, or null. From the caches.</summary>
    public VirtualMachineStatus? Get(NamespacedName name) =>
        namespaces.IsManaged(name.Namespace) && machines.Get(name) is { } vm
            ? StatusOf(vm, room.VmsWithout(name.Namespace))
            : null;

    /// <summary>Why the caches cannot tell what VMs there are, or null; waits for the cluster's first answer.</summary>
    public async Task<string?> GetListRefusalAsync(CancellationToken cancellationToken)
    {
        await namespaces.WaitForFirstAnswerAsync(cancellationToken);
        await machines.WaitForFirstAnswerAsync(cancellationToken);
        await instances.WaitForFirstAnswerAsync(cancellationToken);
        return machines.Status is { State: CacheState.NoKindMatch, Problem: var problem } ? problem : null;
    }

    /// <summary>
    /// Tells of every change of a managed VM's status; null: it is gone, or its namespace is not managed any more. Called
    /// on the caches' loops: must not block, the watches wait for it. Dispose to end it.
    /// </summary>
    public IDisposable Subscribe(Action<NamespacedName, VirtualMachineStatus?> onChange)
    {
        return new Subscriptions(
        [
            machines.Subscribe(change => Notify(change.Name)),
            instances.Subscribe(change =>
            {
                if (machines.Get(change.Name) is not null) Notify(change.Name);
            }),
            namespaces.Subscribe(ns =>
            {
                foreach (var vm in machines.ItemsIn(ns)) onChange(vm.Name, Get(vm.Name));
            }),
            .. disks.Subscribe(disk =>
            {
                foreach (var vm in machines.ItemsIn(disk.Namespace).Where(vm => vm.Disks.All.Any(one => one.Claim == disk.Name))) Notify(vm.Name);
            }),
        ]);

        void Notify(NamespacedName name)
        {
            if (namespaces.IsManaged(name.Namespace)) onChange(name, Get(name));
        }
    }

    /// <summary>The status that goes with an object the API server just returned.</summary>
    public VirtualMachineStatus StatusOf(VirtualMachineObject vm) =>
        StatusOf(VirtualMachineItem.From(vm, time.GetUtcNow()), room.VmsWithout(vm.Metadata.Namespace));

    /// <summary>The VM as it is now, or null.</summary>
    public Task<VirtualMachineObject?> ReadAsync(NamespacedName name, CancellationToken cancellationToken) =>
        api.FindAsync(KubeVirtKinds.VirtualMachine, name, KubeVirtJson.Default.VirtualMachineObject, cancellationToken);

    /// <summary>The VMI as it is now, or null.</summary>
    public Task<VirtualMachineInstanceObject?> ReadInstanceAsync(
        NamespacedName name, CancellationToken cancellationToken) =>
        api.FindAsync(
            KubeVirtKinds.VirtualMachineInstance, name, KubeVirtJson.Default.VirtualMachineInstanceObject, cancellationToken);

    /// <summary>
    /// The VM that an operation may change, or the reason why not: the namespace is not managed, there is no such VM, or
    /// it is someone else's.
    /// </summary>
    public async Task<(VirtualMachineObject? Vm, OperationOutcome? Refusal)> ReadOwnAsync(
        NamespacedName name, CancellationToken cancellationToken)
    {
        if (await namespaces.GetRefusalAsync(name.Namespace, cancellationToken) is { } reason)
            return (null, OperationOutcome.Failed(reason));
        if (await ReadAsync(name, cancellationToken) is not { } vm)
            return (null, OperationOutcome.Failed($"there is no VM {name}"));
        return GetRefusal(vm) is { } foreign ? (null, OperationOutcome.Failed(foreign)) : (vm, null);
    }

    /// <summary>Why an operation may not change this VM, or null.</summary>
    public async Task<string?> GetRefusalAsync(VirtualMachineObject vm, CancellationToken cancellationToken) =>
        await namespaces.GetRefusalAsync(vm.Metadata.Namespace, cancellationToken) ?? GetRefusal(vm);

    /// <summary>Completes when the VM with this uid is gone.</summary>
    public async Task WaitUntilGoneAsync(NamespacedName name, string uid, CancellationToken cancellationToken)
    {
        var signal = new AsyncSignal();
        var gone = signal.Next;
        using var subscription = machines.Subscribe(change =>
        {
            if (change.Name == name && change.New?.Uid != uid) signal.Set();
        });
        // The cache may not have heard of the VM yet, so that it cannot say that it is gone.
        if (await ReadAsync(name, cancellationToken) is not { } vm || vm.Metadata.Uid != uid) return;
        await gone.WaitAsync(cancellationToken);
    }

    /// <summary>Completes when the VM with this uid has no guest any more, or is gone itself.</summary>
    public async Task WaitUntilGuestGoneAsync(NamespacedName name, string uid, CancellationToken cancellationToken)
    {
        var signal = new AsyncSignal();
        using var ofVm = machines.Subscribe(change =>
        {
            if (change.Name == name && change.New?.Uid != uid) signal.Set();
        });
        using var ofGuest = instances.Subscribe(change =>
        {
            if (change.Name == name && change.New is null) signal.Set();
        });
        while (true)
        {
            // The caches may not have heard of them yet, so that they cannot say that they are gone.
            var next = signal.Next;
            if (await ReadAsync(name, cancellationToken) is not { } vm || vm.Metadata.Uid != uid) return;
            if (await ReadInstanceAsync(name, cancellationToken) is null) return;
            await next.WaitAsync(cancellationToken);
        }
    }

    private VirtualMachineStatus StatusOf(VirtualMachineItem vm, IReadOnlyCollection<NamespacedName> cramped)
    {
        var type = vm.Footprint.Instancetype is { } reference ? instancetypes.Find(reference, vm.Name.Namespace) : null;
        var vmi = instances.Get(vm.Name);
        var status = VirtualMachineStatusMap.ToStatus(vm, vmi, type, cramped.Contains(vm.Name), disks.Of(vm, vmi));
        return disks.SeenAt(vm) is { } seen && seen > status.UpdatedAt ? status with { UpdatedAt = seen } : status;
    }

    private static string? GetRefusal(VirtualMachineObject vm) =>
        vm.Metadata.Label(WellKnownNames.ManagedByLabel) == WellKnownNames.Agent
            ? null
            : $"VM {vm.Metadata.Key} is not managed by this agent; its owner opts in with the label {WellKnownNames.ManagedByLabel}={WellKnownNames.Agent}";

    private sealed class Subscriptions(IReadOnlyList<IDisposable> all) : IDisposable
    {
        public void Dispose()
        {
            foreach (var subscription in all) subscription.Dispose();
        }
    }
}
