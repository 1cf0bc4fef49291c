using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

/// <summary>Objects as an API server returns them, for tests of what is pure.</summary>
internal static class TestObjects
{
    public static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 31, 0, TimeSpan.Zero);

    public const string VmUid = "vm-uid";
    public const string VmiUid = "vmi-uid";

    public static JsonObject Vm(string strategy = "Always", params Action<JsonObject>[] changes)
    {
        var vm = Parse($$$"""
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
             "metadata":{"name":"web","namespace":"tour","uid":"{{{VmUid}}}","generation":2,
                         "finalizers":["kubevirt.io/virtualMachineControllerFinalize"]},
             "spec":{"runStrategy":"{{{strategy}}}","template":{
               "metadata":{"labels":{"app":"web"}},
               "spec":{"domain":{"cpu":{"sockets":2,"cores":1,"threads":1},"memory":{"guest":"2Gi"},
                        "devices":{"disks":[{"name":"root","disk":{"bus":"virtio"}}],
                                   "interfaces":[{"name":"default","masquerade":{}}]}},
                       "networks":[{"name":"default","pod":{}}],
                       "volumes":[{"name":"root","containerDisk":{"image":"registry.example/none:1"}}]} } } }
            """);
        foreach (var change in changes) change(vm);
        return vm;
    }

    public static JsonObject Vmi(string phase, params Action<JsonObject>[] changes)
    {
        var vmi = VmiManifest.Of(Vm(), [], paused: false);
        vmi["metadata"]!["uid"] = VmiUid;
        if (phase.Length > 0)
        {
            vmi["status"] = new JsonObject
            {
                ["phase"] = phase,
                ["phaseTransitionTimestamps"] = new JsonArray(new JsonObject { ["phase"] = phase }),
            };
        }
        foreach (var change in changes) change(vmi);
        return vmi;
    }

    public static JsonObject Volume(string phase, params Action<JsonObject>[] changes)
    {
        var volume = Parse("""
            {"apiVersion":"cdi.kubevirt.io/v1beta1","kind":"DataVolume",
             "metadata":{"name":"web-root","namespace":"tour","uid":"dv-uid",
                         "ownerReferences":[{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","name":"web","uid":"vm-uid","controller":true}]},
             "spec":{"source":{"registry":{"url":"docker://registry.example/image"}},
                     "storage":{"resources":{"requests":{"storage":"20Gi"}}}}}
            """);
        if (phase.Length > 0) volume["status"] = new JsonObject { ["phase"] = phase };
        foreach (var change in changes) change(volume);
        return volume;
    }

    public static JsonObject Claim(string phase) => Parse($$"""
        {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"web-root","namespace":"tour"},
         "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"20Gi"} } },"status":{"phase":"{{phase}}"} }
        """);

    public static VmSituation Situation(JsonObject vm, JsonObject? vmi = null, params JsonObject[] disks) => new()
    {
        Vm = vm,
        Vmi = vmi,
        Disks = DisksOf(disks),
        Now = Now,
    };

    public static Disks DisksOf(params JsonObject[] disks) => new(
        name => Named(disks, "DataVolume", name),
        name => Named(disks, "PersistentVolumeClaim", name));

    public static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    /// <summary>The VM's root disk is a DataVolume made from a template.</summary>
    public static void WithVolume(JsonObject vm)
    {
        vm["spec"]!["template"]!["spec"]!["volumes"] = JsonNode.Parse("""[{"name":"root","dataVolume":{"name":"web-root"}}]""");
        vm["spec"]!["dataVolumeTemplates"] = JsonNode.Parse("""[{"metadata":{"name":"web-root"},"spec":{}}]""");
    }

    /// <summary>The VM's root disk is a DataVolume that is imported.</summary>
    public static void WithDisk(JsonObject vm)
    {
        WithVolume(vm);
        vm["spec"]!["dataVolumeTemplates"]![0]!["spec"] = Volume("")["spec"]!.DeepClone();
    }

    /// <summary>The object is being deleted.</summary>
    public static void Deleting(JsonObject item) => item["metadata"]!["deletionTimestamp"] = Now.ToApiTime();

    /// <summary>The status is this.</summary>
    public static Action<JsonObject> Status(string json) => item => item["status"] = JsonNode.Parse(json);

    /// <summary>The status has this condition.</summary>
    public static Action<JsonObject> Condition(string type, bool value, string? reason = null) =>
        item => Conditions.Set(item.MapAt("status"), new Condition(type, value, reason), Now);

    /// <summary>The status is waiting for this.</summary>
    public static Action<JsonObject> Requests(params string[] actions) => item =>
        item.MapAt("status")["stateChangeRequests"] = new JsonArray(
        [
            .. actions.Select(action => action == "Stop"
                ? new JsonObject { ["action"] = action, ["uid"] = VmiUid }
                : new JsonObject { ["action"] = action }),
        ]);

    private static JsonObject? Named(JsonObject[] items, string kind, string name) =>
        items.FirstOrDefault(item => item.Text("kind") == kind && item.NameOf().Name == name);
}
