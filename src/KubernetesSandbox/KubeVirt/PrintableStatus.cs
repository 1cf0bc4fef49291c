using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>What KubeVirt prints as a VM's status: the first that fits, in its order of decision.</summary>
internal static class PrintableStatus
{
    private static readonly string[] StartingPhases = ["", "Pending", "Scheduling", "Scheduled"];
    private static readonly string[] RestartingStrategies = ["Always", "RerunOnFailure", "Once"];

    /// <param name="s">The situation.</param>
    /// <param name="status">The VM's status as it will be.</param>
    /// <param name="boots">A VMI is about to be made.</param>
    public static string Of(VmSituation s, JsonObject status, bool boots)
    {
        var vmiStatus = s.Vmi?["status"];
        var isRunning = s.Vmi is not null && s.Phase == "Running";
        if (s.Vm.IsDeleting()) return "Terminating";
        if (s.Vmi is not null && !s.IsFinal && s.Vmi.IsDeleting()) return "Stopping";
        if (IsMigrating(vmiStatus)) return "Migrating";
        if (isRunning) return Conditions.Has(vmiStatus, "Paused", true) ? "Paused" : "Running";
        if (Conditions.Has(vmiStatus, "Synchronized", false, "FailedPvcNotFound")) return "ErrorPvcNotFound";
        if (s.Disks.HaveFailed(s.Template)) return "DataVolumeError";
        if (Conditions.Has(vmiStatus, "PodScheduled", false, "Unschedulable")) return "ErrorUnschedulable";
        if (s.Disks.AreProvisioning(s.Template)) return "Provisioning";
        if (IsSetToStart(s) && s.Disks.AreUnbound(s.Template)) return "WaitingForVolumeBinding";
        if (Conditions.Has(vmiStatus, "Synchronized", false, "ErrImagePull")) return "ErrImagePull";
        if (Conditions.Has(vmiStatus, "Synchronized", false, "ImagePullBackOff")) return "ImagePullBackOff";
        if (s.Vmi is null ? boots : StartingPhases.Contains(s.Phase)) return "Starting";
        if (IsCrashLooping(s, status)) return "CrashLoopBackOff";
        if (s.Vmi is null || s.IsFinal) return "Stopped";
        return s.Phase == "WaitingForSync" ? "WaitingForReceiver" : "Unknown";
    }

    private static bool IsMigrating(JsonNode? vmiStatus) =>
        vmiStatus.Text("migrationState", "startTimestamp") is not null
        && vmiStatus.Text("migrationState", "endTimestamp") is null;

    private static bool IsCrashLooping(VmSituation s, JsonObject status) =>
        (s.Vmi is null || s.IsFinal)
        && status.Number("startFailure", "consecutiveFailCount") > 0
        && RestartingStrategies.Contains(s.Strategy);

    private static bool IsSetToStart(VmSituation s) => s.Strategy switch
    {
        "Always" => true,
        "Manual" => s.Vmi is not null ? !s.HasStopRequest : s.HasStartRequest,
        "RerunOnFailure" => s.Vmi is null || s.Phase != "Succeeded",
        "Once" => s.Vmi is null,
        _ => false,
    };
}
