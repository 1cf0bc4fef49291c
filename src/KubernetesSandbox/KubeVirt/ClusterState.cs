using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>What the controllers know: the objects on the server, the faults on demand, and the clocks.</summary>
internal sealed class ClusterState(ApiClient api, SandboxKubeVirtOptions options)
{
    private readonly ConcurrentDictionary<ObjectName, KubeVirtFault> _faults = [];

    public ApiClient Api => api;

    public SandboxKubeVirtOptions Options => options;

    public ObjectCache Vms { get; } = Cache(api, options, Kinds.Vm);

    public ObjectCache Vmis { get; } = Cache(api, options, Kinds.Vmi);

    public ObjectCache Volumes { get; } = Cache(api, options, Kinds.DataVolume);

    public ObjectCache Claims { get; } = Cache(api, options, Kinds.Claim);

    public StageClock Stages { get; } = new(options.TimeProvider);

    public AddressPool Addresses { get; } = new();

    public TypeLookup Types { get; } = new(api);

    public DateTimeOffset Now => options.TimeProvider.GetUtcNow();

    public IEnumerable<ObjectCache> Caches => [Vms, Vmis, Volumes, Claims];

    /// <summary>The disks as they are when they are first asked for: who decides by them says the same when asked again.</summary>
    public Disks DisksIn(string ns)
    {
        return new(Once(Volumes), Once(Claims));

        Func<string, JsonObject?> Once(ObjectCache cache)
        {
            var seen = new Dictionary<string, JsonObject?>();
            return name => seen.TryGetValue(name, out var known) ? known : seen[name] = cache.Get(new ObjectName(ns, name));
        }
    }

    public void SetFault(ObjectName name, KubeVirtFault fault)
    {
        if (fault is KubeVirtFault.None) _faults.TryRemove(name, out _);
        else _faults[name] = fault;
    }

    /// <summary>The faults of a VM: on demand, and by annotation on it or on its VMI.</summary>
    public KubeVirtFault FaultsOf(ObjectName name) =>
        _faults.GetValueOrDefault(name) | Annotated(Vms.Get(name)) | Annotated(Vmis.Get(name));

    /// <summary>The names of the VMs and VMIs whose disk a DataVolume or a claim is.</summary>
    public IEnumerable<ObjectName> UsersOf(JsonObject disk)
    {
        if (disk.OwnerOf(Kinds.Vm) is { } vm) return [vm.Name];
        if (disk.OwnerOf(Kinds.DataVolume) is { } volume && Volumes.Get(volume.Name)?.OwnerOf(Kinds.Vm) is { } owner)
            return [owner.Name];
        var name = disk.NameOf();
        return VmsUsing(name).Concat(VmisUsing(name)).Distinct();
    }

    /// <summary>The names of the VMIs whose disk a DataVolume or a claim of this name is.</summary>
    public IEnumerable<ObjectName> VmisUsing(ObjectName disk) =>
        Vmis.Items.Where(vmi => Uses(vmi, vmi["spec"], disk)).Select(vmi => vmi.NameOf());

    private IEnumerable<ObjectName> VmsUsing(ObjectName disk) =>
        Vms.Items.Where(vm => Uses(vm, vm.At("spec", "template", "spec"), disk)).Select(vm => vm.NameOf());

    private static bool Uses(JsonObject item, JsonNode? spec, ObjectName disk) =>
        item.NameOf().Namespace == disk.Namespace && Disks.ClaimNames(spec).Contains(disk.Name);

    private static KubeVirtFault Annotated(JsonObject? item) =>
        KubeVirtFaultNames.Parse(item?.Annotation(KubeVirtFaultNames.Annotation)).Faults;

    private static ObjectCache Cache(ApiClient api, SandboxKubeVirtOptions options, Kind kind) =>
        new(api, kind, options.Namespaces ?? (_ => true), options.Logger);
}
