using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>What an agent has left behind whose operation failed, and which could not take back what it began.</summary>
internal static class OrphanObjects
{
    /// <summary>The name by which the journal knows an operation: it is that of its marks.</summary>
    public static async Task<string> MakerAsync(JsonApi admin, string agentNamespace, string operation)
    {
        var record = await admin.WaitForAnyAsync(
            $"api/v1/namespaces/{agentNamespace}/secrets",
            secret => (string?)secret["metadata"]!["annotations"]?["ovim.io/operation-id"] == operation);
        return (string)record["metadata"]!["name"]!;
    }

    /// <summary>A VM that was never let run.</summary>
    public static JsonObject HalfMade(JsonObject vm, string maker)
    {
        vm["metadata"]!["annotations"] = new JsonObject { ["ovim.io/incomplete"] = "true", ["ovim.io/created-by"] = maker };
        return vm;
    }

    /// <summary>A DataVolume of the agent's (<paramref name="maker"/> null: of somebody else) that nobody owns and whose import does not end.</summary>
    public static JsonObject Stray(string name, string? maker)
    {
        var volume = DiskObjects.Volume(name);
        volume["metadata"]!["annotations"] = new JsonObject { ["sandbox.ovim.io/fail"] = "import-stalls" };
        if (maker is not null) Mark(volume, maker);
        return volume;
    }

    /// <summary>Gives an object the agent's marks.</summary>
    public static JsonObject Mark(JsonObject item, string maker)
    {
        var annotations = item["metadata"]!["annotations"] as JsonObject ?? [];
        annotations["ovim.io/created-by"] = maker;
        item["metadata"]!["annotations"] = annotations.DeepClone();
        item["metadata"]!["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "ovim-spoke-agent" };
        return item;
    }

    /// <summary>Makes a VM that is deleted and held for its disk <c>NAME-root</c>, which is filled.</summary>
    public static async Task HasHeldVmAsync(JsonApi admin, string ns, string name)
    {
        var vm = DiskObjects.WithTemplate(name, "Halted");
        vm["metadata"]!["finalizers"] = new JsonArray("ovim.io/keep-disks");
        await admin.CreateAsync(TestClusterExtensions.VmsOf(ns), vm);
        await admin.WaitForAsync(DiskObjects.VolumesOf(ns), $"{name}-root", volume => (string?)volume?["status"]?["phase"] == "Succeeded");
        await admin.DeleteAsync($"{TestClusterExtensions.VmsOf(ns)}/{name}");
    }
}
