using System.Globalization;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// VMs that run already when KubeVirt starts: put into the cluster with what it would have written, so that thousands are
/// there at once.
/// </summary>
public static class RunningVms
{
    private const int Nodes = 3;

    /// <summary>Makes VMs, <c>vm-0001</c> and so on.</summary>
    /// <param name="cluster">Where; KubeVirt's kinds are there.</param>
    /// <param name="ns">Their namespace.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="count">How many.</param>
    public static void Arrange(SandboxCluster cluster, string ns, JsonObject labels, int count)
    {
        var vms = cluster.Objects(Kinds.Vm.ApiVersion, Kinds.Vm.Plural);
        var vmis = cluster.Objects(Kinds.Vmi.ApiVersion, Kinds.Vmi.Plural);
        var addresses = new AddressPool();
        for (var i = 1; i <= count; i++)
        {
            var name = "vm-" + i.ToString("d4", CultureInfo.InvariantCulture);
            var vm = vms.Create(Vm(name, ns, labels));
            var vmi = vmis.Create(Vmi(vm, $"sandbox-node-{(i % Nodes) + 1}", addresses));
            var situation = new VmSituation { Vm = vm, Vmi = vmi, Disks = NoDisks, Now = TimeProvider.System.GetUtcNow() };
            vms.Patch(ns, name, new JsonObject { ["status"] = VmStatus.Of(situation, boots: false, null, changedTemplate: false) }, "status");
        }
    }

    private static Disks NoDisks { get; } = new(_ => null, _ => null);

    private static JsonObject Vmi(JsonObject vm, string node, AddressPool addresses)
    {
        var vmi = VmiManifest.Of(vm, [], paused: false);
        vmi.MapAt("metadata")["uid"] = vm.UidOf(); // until the cluster gives it its own
        var now = TimeProvider.System.GetUtcNow();
        foreach (var phase in new[] { "Pending", "Scheduling", "Scheduled", "Running" })
        {
            vmi = VmiStatus.At(
                new VmiSituation
                {
                    Vmi = vmi,
                    Disks = NoDisks,
                    Now = now,
                    Since = now,
                    StepDelay = TimeSpan.Zero,
                    Node = node,
                    Address = addresses.Of(vmi),
                },
                phase,
                []);
        }
        vmi.MapAt("metadata").Remove("uid");
        return vmi;
    }

    private static JsonObject Vm(string name, string ns, JsonObject labels) => new()
    {
        ["apiVersion"] = Kinds.Vm.ApiVersion,
        ["kind"] = Kinds.Vm.Name,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = ns,
            ["labels"] = labels.Copy(),
            ["finalizers"] = new JsonArray(KubeVirtNames.ControllerFinalizer),
        },
        ["spec"] = new JsonObject
        {
            ["runStrategy"] = "Always",
            ["template"] = new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["domain"] = new JsonObject
                    {
                        ["cpu"] = new JsonObject { ["sockets"] = 1 },
                        ["memory"] = new JsonObject { ["guest"] = "1Gi" },
                        ["devices"] = new JsonObject
                        {
                            ["disks"] = new JsonArray(new JsonObject { ["name"] = "root", ["disk"] = new JsonObject() }),
                        },
                    },
                    ["volumes"] = new JsonArray(new JsonObject
                    {
                        ["name"] = "root",
                        ["containerDisk"] = new JsonObject { ["image"] = "quay.io/containerdisks/fedora:41" },
                    }),
                },
            },
        },
    };
}
