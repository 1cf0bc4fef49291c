using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>What is known when a VM is looked at.</summary>
internal sealed record VmSituation
{
    private static readonly string[] FinalPhases = ["Succeeded", "Failed"];

    public required JsonObject Vm { get; init; }

    /// <summary>The VM's own VMI, or null.</summary>
    public JsonObject? Vmi { get; init; }

    /// <summary>A VMI of the VM's name that is someone else's is in its way.</summary>
    public bool HasForeignVmi { get; init; }

    public required Disks Disks { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>The VM's instancetype (or <c>{}</c> without one), or why it cannot be used.</summary>
    public JsonObject Instancetype { get; init; } = [];

    /// <summary>The ControllerRevision that the instancetype is pinned to.</summary>
    public string? InstancetypeRevision { get; init; }

    public SyncProblem? InstancetypeProblem { get; init; }

    /// <summary><c>runStrategy</c>, or what the older <c>running</c> says.</summary>
    public string Strategy =>
        Vm.Text("spec", "runStrategy") ?? (Vm.IsTrue("spec", "running") ? "Always" : "Halted");

    public string Phase => Vmi.Text("status", "phase") ?? "";

    public bool IsFinal => Vmi is not null && FinalPhases.Contains(Phase);

    public JsonNode? Template => Vm.At("spec", "template", "spec");

    /// <summary>The first start or stop asked for and not done: only one is looked at a time.</summary>
    public JsonObject? Request => Vm.Objects("status", "stateChangeRequests").FirstOrDefault();

    public bool HasStartRequest => Request.Text("action") == "Start";

    public bool HasStopRequest => Vmi is not null && Request.Text("action") == "Stop" && Request.Text("uid") == Vmi.UidOf();
}

/// <summary>Why a VM cannot go on: its condition <c>Failure</c>.</summary>
internal sealed record SyncProblem(string Reason, string Message);
