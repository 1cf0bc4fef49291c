using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;

/// <summary>VMs with disks that last, as tenants and other tools make them.</summary>
internal static class DiskObjects
{
    public const string Size = "20Gi";

    /// <summary>The collection of a namespace's DataVolumes.</summary>
    public static string VolumesOf(string ns) => $"apis/cdi.kubevirt.io/v1beta1/namespaces/{ns}/datavolumes";

    /// <summary>The collection of a namespace's claims.</summary>
    public static string ClaimsOf(string ns) => $"api/v1/namespaces/{ns}/persistentvolumeclaims";

    /// <summary>A VM of the agent's that brings its root disk <c>NAME-root</c> with it.</summary>
    public static JsonObject WithTemplate(string name, string strategy, string? fault = null, JsonObject? annotations = null)
    {
        var vm = WithVolumes(name, strategy, DataVolume("root", $"{name}-root"));
        vm["spec"]!["dataVolumeTemplates"] = new JsonArray(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{name}-root", ["annotations"] = annotations ?? [] },
            ["spec"] = Import(),
        });
        if (fault is not null) vm["metadata"]!["annotations"] = new JsonObject { ["sandbox.ovim.io/fail"] = fault };
        return vm;
    }

    /// <summary>A VM of the agent's with these volumes, each with its disk.</summary>
    public static JsonObject WithVolumes(string name, string strategy, params JsonObject[] volumes)
    {
        var vm = VmSituation.Vm(name, strategy);
        var spec = vm["spec"]!["template"]!["spec"]!;
        spec["domain"]!["memory"] = new JsonObject { ["guest"] = "64Mi" };
        spec["domain"]!["devices"] = new JsonObject
        {
            ["disks"] = new JsonArray([.. volumes.Select(volume => (JsonNode)new JsonObject
            {
                ["name"] = (string)volume["name"]!, ["disk"] = new JsonObject { ["bus"] = "virtio" },
            })]),
        };
        spec["volumes"] = new JsonArray([.. volumes]);
        return vm;
    }

    public static JsonObject DataVolume(string volume, string name) =>
        new() { ["name"] = volume, ["dataVolume"] = new JsonObject { ["name"] = name } };

    public static JsonObject Claim(string volume, string name) =>
        new() { ["name"] = volume, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = name } };

    /// <summary>A DataVolume apart from any VM.</summary>
    public static JsonObject Volume(string name) => new()
    {
        ["apiVersion"] = "cdi.kubevirt.io/v1beta1",
        ["kind"] = "DataVolume",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = Import(),
    };

    /// <summary>Makes a DataVolume apart from any VM.</summary>
    public static Task<JsonObject> HasVolumeAsync(this TestEnvironment environment, string name) =>
        environment.Cluster.Admin.CreateAsync(VolumesOf(environment.Namespace), Volume(name));

    /// <summary>A claim that no DataVolume made.</summary>
    public static Task<JsonObject> HasClaimAsync(this TestEnvironment environment, string name, string size, JsonArray? owners = null, JsonObject? labels = null) =>
        environment.Cluster.Admin.CreateAsync(ClaimsOf(environment.Namespace), new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "PersistentVolumeClaim",
            ["metadata"] = new JsonObject { ["name"] = name, ["ownerReferences"] = owners ?? [], ["labels"] = labels ?? [] },
            ["spec"] = new JsonObject
            {
                ["accessModes"] = new JsonArray("ReadWriteOnce"),
                ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = size } },
            },
        });

    public static Task<JsonObject> HasVmAsync(this TestEnvironment environment, JsonObject vm) =>
        environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(environment.Namespace), vm);

    /// <summary>Waits until a DataVolume (null: there is none) is as wanted.</summary>
    public static Task<JsonObject?> VolumeAsync(this TestEnvironment environment, string name, Func<JsonObject?, bool> isAsWanted) =>
        environment.Cluster.Admin.WaitForAsync(VolumesOf(environment.Namespace), name, isAsWanted);

    /// <summary>Waits until a claim (null: there is none) is as wanted.</summary>
    public static Task<JsonObject?> ClaimAsync(this TestEnvironment environment, string name, Func<JsonObject?, bool> isAsWanted) =>
        environment.Cluster.Admin.WaitForAsync(ClaimsOf(environment.Namespace), name, isAsWanted);

    /// <summary>Waits for a report of the VM that is as wanted.</summary>
    public static async Task<JsonObject> ReportsDiskAsync(
        this TestEnvironment environment, TestAgent agent, string vm, Func<JsonObject, bool> isAsWanted)
    {
        JsonObject? found = null;
        await environment.ReportsAsync(agent, report => (found = report["vms"]!.AsArray().Select(item => item!.AsObject())
            .SingleOrDefault(item => (string?)item["name"] == vm && (string?)item["namespace"] == environment.Namespace)) is { } one && isAsWanted(one));
        return found!;
    }

    private static JsonObject Import() => new()
    {
        ["source"] = new JsonObject { ["registry"] = new JsonObject { ["url"] = "docker://registry.example/image" } },
        ["storage"] = new JsonObject { ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = Size } } },
    };
}
