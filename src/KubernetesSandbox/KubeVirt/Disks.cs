using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>The DataVolumes and claims in a VM's namespace, by name.</summary>
/// <param name="Volume">Finds a DataVolume.</param>
/// <param name="Claim">Finds a PersistentVolumeClaim.</param>
internal sealed record Disks(Func<string, JsonObject?> Volume, Func<string, JsonObject?> Claim)
{
    private static readonly string[] PopulatedPhases = ["Succeeded", "WaitForFirstConsumer", "PendingPopulation"];

    /// <summary>The claims that a VM's volumes need; a DataVolume's has the DataVolume's name.</summary>
    public static IEnumerable<string> ClaimNames(JsonNode? vmiSpec) =>
        vmiSpec.Objects("volumes")
            .Select(volume => volume.Text("persistentVolumeClaim", "claimName") ?? volume.Text("dataVolume", "name"))
            .OfType<string>();

    /// <summary>The DataVolume's disk is there, or will be on first use.</summary>
    public static bool IsPopulated(JsonObject volume) => PopulatedPhases.Contains(volume.Text("status", "phase"));

    /// <summary>Why a quota refused the DataVolume's claim, or null.</summary>
    public static string? QuotaProblem(JsonObject volume) =>
        Conditions.Find(volume["status"], "Bound") is { } bound && bound.Text("reason") == "ErrExceededQuota"
            ? bound.Text("message")
            : null;

    /// <summary>A DataVolume of the VM failed, or its importer does again and again.</summary>
    public bool HaveFailed(JsonNode? vmiSpec) => Volumes(vmiSpec).Any(volume =>
        volume.Text("status", "phase") == "Failed"
        || Conditions.Has(volume["status"], "Running", false, "Error")
        || Conditions.Has(volume["status"], "Running", false, "ImagePullFailed"));

    /// <summary>A DataVolume of the VM is being filled.</summary>
    public bool AreProvisioning(JsonNode? vmiSpec) =>
        Volumes(vmiSpec).Any(volume => !IsPopulated(volume) && volume.Text("status", "phase") != "Failed");

    /// <summary>The claims of the VM that are not bound.</summary>
    public IEnumerable<JsonObject> Unbound(JsonNode? vmiSpec) => ClaimNames(vmiSpec)
        .Select(Claim).OfType<JsonObject>().Where(claim => claim.Text("status", "phase") != "Bound");

    public bool AreUnbound(JsonNode? vmiSpec) => Unbound(vmiSpec).Any();

    /// <summary>The first claim of the VM that does not exist, or null.</summary>
    public string? Missing(JsonNode? vmiSpec) => ClaimNames(vmiSpec).FirstOrDefault(name => Claim(name) is null);

    private IEnumerable<JsonObject> Volumes(JsonNode? vmiSpec) =>
        ClaimNames(vmiSpec).Select(Volume).OfType<JsonObject>();
}
