using System.Text.Json.Nodes;
using CsCheck;
using static OvimSpokeAgent.EndToEnd.Tests.BlastRadius.HostileValues;

namespace OvimSpokeAgent.EndToEnd.Tests.BlastRadius;

/// <summary>An object that a tenant tries to write into a VDC, and to change then.</summary>
/// <param name="Collection">The path of its collection below the API's root; <c>NS</c> stands for the namespace.</param>
/// <param name="Body">The object; its name is set when it is written.</param>
/// <param name="Change">What is changed of it, as a merge patch; null: nothing.</param>
internal sealed record HostileObject(string Collection, string Body, string? Change)
{
    private const string Core = "api/v1/namespaces/NS";
    private const string Networking = "apis/networking.k8s.io/v1/namespaces/NS";
    private const string KubeVirt = "apis/kubevirt.io/v1/namespaces/NS";
    private const string Instancetypes = "apis/instancetype.kubevirt.io/v1beta1/namespaces/NS";

    /// <summary>What the role <c>ovim:vdc-admin</c> lets its holder write and the agent looks at, and policies and quotas, which it does not.</summary>
    public static Gen<HostileObject> Any { get; } = Gen.Frequency(
        (50, Of($"{KubeVirt}/virtualmachines", "kubevirt.io/v1", "VirtualMachine", ("spec", 100, VmSpec))),
        (15, Of($"{Instancetypes}/virtualmachineinstancetypes", "instancetype.kubevirt.io/v1beta1", "VirtualMachineInstancetype", ("spec", 100, InstancetypeSpec))),
        (15, Of($"{Core}/secrets", "v1", "Secret", ("stringData", 80, SecretData), ("type", 50, SecretType))),
        (6, Of($"{Core}/configmaps", "v1", "ConfigMap", ("data", 80, SecretData))),
        (7, Of($"{Networking}/networkpolicies", "networking.k8s.io/v1", "NetworkPolicy", ("spec", 100, PolicySpec))),
        (7, Of($"{Core}/resourcequotas", "v1", "ResourceQuota", ("spec", 100, QuotaSpec))));

    private static Gen<string> VmSpec => Gen.Select(Template, Extras, (template, extras) =>
    {
        var spec = JsonNode.Parse(extras)!.AsObject();
        spec["template"] = JsonNode.Parse(template);
        if (spec["dataVolumeTemplates"] is not JsonArray sizes) return spec.ToJsonString();
        // As virt-api wants it: each of them is a volume, and each volume a disk.
        var (devices, volumes) = (new JsonArray(), new JsonArray());
        foreach (var name in sizes.Select(size => (string)size!["metadata"]!["name"]!))
        {
            devices.Add(new JsonObject { ["name"] = name, ["disk"] = new JsonObject() });
            volumes.Add(new JsonObject { ["name"] = name, ["dataVolume"] = new JsonObject { ["name"] = name } });
        }
        spec["template"]!["spec"]!["domain"]!["devices"]!["disks"] = devices;
        spec["template"]!["spec"]!["volumes"] = volumes;
        return spec.ToJsonString();
    });

    private static Gen<string> Extras => Object(
        ("runStrategy", 100, Gen.Frequency(
            (12, Gen.Const("Halted")), (2, Gen.Const("Manual")), (1, Gen.Const("Always")), (1, Gen.Const("RerunOnFailure")), (1, Gen.Const("Odd"))).Select(Quoted)),
        ("instancetype", 20, Object(("name", 95, Gen.OneOf(Gen.Int[0, 400].Select(i => Quoted($"h-{i}")), Text)), ("kind", 60, Kinds))),
        ("dataVolumeTemplates", 30, Quantity.Array[1, 3].Select(sizes => $"[{string.Join(',', sizes.Select(Disk))}]")));

    private static Gen<string> Kinds =>
        OneOf("VirtualMachineInstancetype", "virtualmachineinstancetype", "VirtualMachineClusterInstancetype", "Odd", "").Select(Quoted);

    private static Gen<string> Template => Object(
        ("metadata", 30, Object(("labels", 90, Labels))),
        ("spec", 100, Object(
            ("domain", 100, Domain),
            ("architecture", 10, Text),
            ("hostname", 10, Text),
            ("terminationGracePeriodSeconds", 30, Whole))));

    private static Gen<string> Domain => Object(
        ("cpu", 60, Object(
            ("sockets", 50, Count), ("cores", 70, Count), ("threads", 40, Count), ("maxSockets", 15, Count), ("dedicatedCpuPlacement", 10, Flag),
            ("model", 10, Text))),
        ("memory", 60, Object(("guest", 90, Quantity), ("maxGuest", 20, Quantity))),
        ("resources", 40, Object(("requests", 80, Resources), ("limits", 30, Resources), ("overcommitGuestOverhead", 10, Flag))),
        ("devices", 100, Object(("tpm", 10, Gen.Const("{}")), ("hostDevices", 5, Devices), ("gpus", 5, Devices))),
        ("ioThreadsPolicy", 10, Gen.OneOf(Gen.Const(Quoted("auto")), Text)));

    private static Gen<string> Devices => Text.Array[1, 3].Select(names => $"[{string.Join(',', names.Select(name => $$"""{"name":"d","deviceName":{{name}}}"""))}]");

    private static Gen<string> Resources => Object(
        ("cpu", 70, Quantity), ("memory", 70, Quantity), ("devices.kubevirt.io/kvm", 10, Quantity), ("odd/resource", 10, Quantity));

    private static Gen<string> InstancetypeSpec => Object(
        ("cpu", 98, Object(("guest", 98, Count), ("maxSockets", 20, Count), ("dedicatedCPUPlacement", 10, Flag))),
        ("memory", 98, Object(("guest", 98, Quantity), ("overcommitPercent", 10, Gen.Int[-1, 101].Select(percent => $"{percent}")))));

    private static Gen<string> SecretData => Object(
        ("userdata", 60, Text),
        ("operation", 40, Gen.OneOf(Gen.Const(Quoted("""{"id":"1","type":"delete_vdc","payload":{"target_namespace":"default"}}""")), Text)),
        ("key", 20, Gen.Int[1_000, 500_000].Select(length => Quoted(new string('k', length)))));

    private static Gen<string> SecretType => OneOf("Opaque", "ovim.io/operation.v1", "odd type").Select(Quoted);

    private static Gen<string> PolicySpec => Object(
        ("podSelector", 100, Gen.OneOf(Gen.Const("{}"), Object(("matchLabels", 90, Labels)))),
        ("policyTypes", 50, OneOf("""["Ingress"]""", """["Egress"]""", """["Ingress","Egress"]""", "[]")),
        ("ingress", 50, Gen.OneOf(Gen.Const("[{}]"), Rules("from"))),
        ("egress", 50, Gen.OneOf(Gen.Const("[{}]"), Rules("to"))));

    private static Gen<string> Rules(string field) => Object(
        (field, 90, OneOf("""[{"ipBlock":{"cidr":"0.0.0.0/0"}}]""", """[{"ipBlock":{"cidr":"::/0"}}]""", """[{"namespaceSelector":{}}]""", "[]")),
        ("ports", 40, Gen.Int[-1, 70_000].Select(port => $$"""[{"port":{{port}}}]"""))).Array[0, 40].Select(rules => $"[{string.Join(',', rules)}]");

    // Not of what the tenant writes, or the rest would be refused.
    private static Gen<string> QuotaSpec => Object(
        ("hard", 95, Object(
            ("requests.cpu", 60, Quantity), ("requests.memory", 60, Quantity), ("requests.storage", 40, Quantity), ("limits.memory", 20, Quantity),
            ("count/odd.example", 20, Quantity))),
        ("scopes", 20, OneOf("""["BestEffort"]""", """["NotTerminating"]""", """["Odd"]""")));

    private static string Disk(string size, int index) =>
        """{"metadata":{"name":"NAME"},"spec":{"source":{"blank":{}},"storage":{"resources":{"requests":{"storage":SIZE}}}}}"""
            .Replace("NAME", $"d{index}", StringComparison.Ordinal).Replace("SIZE", size, StringComparison.Ordinal);

    private static Gen<HostileObject> Of(string collection, string apiVersion, string kind, params (string Name, int Percent, Gen<string> Value)[] fields)
    {
        var metadata = Object(("labels", 70, Labels), ("annotations", 50, Annotations));
        return Gen.Select(
            Object([
                ("apiVersion", 100, Gen.Const(Quoted(apiVersion))), ("kind", 100, Gen.Const(Quoted(kind))), ("metadata", 100, metadata), .. fields,
            ]),
            Object(("metadata", 70, metadata), (fields[0].Name, 40, fields[0].Value)),
            Gen.Int[0, 3],
            (body, change, chance) => new HostileObject(collection, body, chance == 0 ? change : null));
    }
}
