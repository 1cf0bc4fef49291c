using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>A VMI with the status that goes with a phase: pure. What others wrote into it stays.</summary>
internal static class VmiStatus
{
    private static readonly string[] Owned = ["Ready", "PodScheduled", "Synchronized"];

    /// <summary>The VMI in a phase, with these conditions beside those that the phase brings.</summary>
    public static JsonObject At(VmiSituation s, string phase, IReadOnlyList<Condition> conditions)
    {
        var vmi = s.Vmi.Copy();
        var status = vmi.MapAt("status");
        if (status.Text("phase") != phase)
        {
            status["phase"] = phase;
            if (status["phaseTransitionTimestamps"] is not JsonArray times) status["phaseTransitionTimestamps"] = times = [];
            times.Add((JsonNode)new JsonObject { ["phase"] = phase, ["phaseTransitionTimestamp"] = s.Now.ToApiTime() });
        }
        if (phase is "Scheduled" or "Running" && status.Text("nodeName") is null)
        {
            status["nodeName"] = s.Node;
            vmi.MapAt("metadata").MapAt("labels")[KubeVirtNames.NodeLabel] = s.Node;
        }
        if (phase == "Running" && !s.Vmi.IsDeleting()) SetRunning(status, s);
        SetConditions(status, s, [ReadyIn(phase, status), .. conditions]);
        return vmi;
    }

    // A later condition of a type wins over an earlier one.
    private static void SetConditions(JsonObject status, VmiSituation s, IReadOnlyList<Condition> wanted)
    {
        foreach (var type in Owned.Except(wanted.Select(condition => condition.Type))) Conditions.Remove(status, type);
        foreach (var condition in wanted.GroupBy(c => c.Type).Select(same => same.Last())) Conditions.Set(status, condition, s.Now);
    }

    private static Condition ReadyIn(string phase, JsonObject status) => phase switch
    {
        "Pending" => new("Ready", false, "PodNotExists", "virt-launcher pod has not yet been scheduled"),
        "Running" when Conditions.Has(status, "Paused", true) => new(
            "Ready", false, "ReadinessGatesNotReady",
            "the status of pod readiness gate \"kubevirt.io/virtual-machine-unpaused\" is not \"True\", but False"),
        "Running" => new("Ready", true),
        "Succeeded" or "Failed" => new("Ready", false, "PodTerminating", "virt-launcher pod is terminating"),
        _ => new("Ready", false, "GuestNotRunning", "Guest VM is not reported as running"),
    };

    private static void SetRunning(JsonObject status, VmiSituation s)
    {
        var spec = s.Vmi["spec"];
        status["interfaces"] ??= Interfaces(spec, s);
        status["guestOSInfo"] ??= new JsonObject();
        status["currentCPUTopology"] ??= new JsonObject
        {
            ["sockets"] = spec.Number("domain", "cpu", "sockets") ?? 1,
            ["cores"] = spec.Number("domain", "cpu", "cores") ?? 1,
            ["threads"] = spec.Number("domain", "cpu", "threads") ?? 1,
        };
        if (spec.At("domain", "memory", "guest") is { } memory)
        {
            status["memory"] ??= new JsonObject
            {
                ["guestAtBoot"] = memory.DeepClone(),
                ["guestCurrent"] = memory.DeepClone(),
                ["guestRequested"] = memory.DeepClone(),
            };
        }
        if (spec.Text("startStrategy") == "Paused" && s.Phase != "Running")
            Conditions.Set(status, new Condition("Paused", true, "PausedByUser", "VMI was paused by user"), s.Now);
    }

    /// <summary>The interface on the pod network has the pod's address; others need a guest agent to tell theirs.</summary>
    private static JsonArray Interfaces(JsonNode? spec, VmiSituation s)
    {
        var onPodNetwork = spec.Objects("networks").Where(network => network.At("pod") is not null)
            .Select(network => network.Text("name")).ToHashSet();
        var list = new JsonArray();
        foreach (var (index, name) in spec.Objects("domain", "devices", "interfaces").Select(i => i.Text("name")).Index())
        {
            var nic = new JsonObject
            {
                ["name"] = name,
                ["mac"] = Mac(s.Address, index),
                ["infoSource"] = "domain",
                ["queueCount"] = 1,
                ["linkState"] = "up",
            };
            if (onPodNetwork.Contains(name))
            {
                nic["ipAddress"] = s.Address;
                nic["ipAddresses"] = new JsonArray(s.Address);
                nic["podInterfaceName"] = "eth0";
            }
            list.Add((JsonNode)nic);
        }
        return list;
    }

    private static string Mac(string address, int index)
    {
        var parts = address.Split('.').Select(part => byte.Parse(part, System.Globalization.CultureInfo.InvariantCulture));
        return $"02:{index:x2}:" + string.Join(':', parts.Select(part => $"{part:x2}"));
    }
}
