using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>What is known when a VMI is looked at.</summary>
internal sealed record VmiSituation
{
    /// <summary>The grace period of a VMI that names none (KubeVirt's default).</summary>
    public static readonly TimeSpan DefaultGracePeriod = TimeSpan.FromSeconds(30);

    public required JsonObject Vmi { get; init; }

    public KubeVirtFault Faults { get; init; }

    public required Disks Disks { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>Since when the VMI is at its <see cref="Stage"/>.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>How long a step takes.</summary>
    public required TimeSpan StepDelay { get; init; }

    /// <summary>The node it runs on.</summary>
    public required string Node { get; init; }

    /// <summary>The address of its pod.</summary>
    public required string Address { get; init; }

    public string Phase => Vmi.Text("status", "phase") ?? "";

    /// <summary>Changes with each step, so that the time it began can be remembered.</summary>
    public string Stage =>
        $"{Phase}/{Conditions.Find(Vmi["status"], "Synchronized").Text("reason")}/{(Vmi.IsDeleting() ? "deleting" : "")}";

    public TimeSpan GracePeriod => Vmi.Number("spec", "terminationGracePeriodSeconds") is { } seconds
        ? TimeSpan.FromSeconds(seconds)
        : DefaultGracePeriod;

    public bool Has(KubeVirtFault fault) => (Faults & fault) != 0;
}

/// <summary>The next step of a VMI: virt-controller, the node's scheduler and virt-handler in one. Pure.</summary>
/// <param name="Vmi">The VMI as it is to be written; null: nothing to write.</param>
/// <param name="CheckAgain">When to look again, if nothing happens before.</param>
internal sealed record VmiStep(JsonObject? Vmi, TimeSpan? CheckAgain = null)
{
    private static readonly VmiStep Nothing = new(Vmi: null);

    /// <summary>Claims that are bound now that they have a consumer.</summary>
    public IReadOnlyList<JsonObject> Bind { get; private init; } = [];

    // A pull fails twice before the kubelet backs off.
    private const int PullsBeforeBackOff = 2;

    public static VmiStep Of(VmiSituation s)
    {
        if (s.Phase is "Succeeded" or "Failed") return s.Vmi.IsDeleting() ? Release(s) : Nothing;
        if (s.Vmi.IsDeleting()) return ShutDown(s);
        if (!s.Vmi.HasFinalizer(KubeVirtNames.ForegroundFinalizer)) return Adopt(s);
        if (s.Phase == "") return new VmiStep(At(s, "Pending"));

        var (blocked, checkAgain) = Block(s);
        var here = At(s, s.Phase, blocked);
        if (!JsonNode.DeepEquals(here["status"], s.Vmi["status"])) return new VmiStep(here);
        if (blocked.Count > 0) return new VmiStep(null, checkAgain);
        if (Next(s) is not { } next) return Nothing;
        var wait = s.Since + s.StepDelay - s.Now;
        if (wait > TimeSpan.Zero) return new VmiStep(null, wait);
        return s.Phase == "Pending" && s.Disks.AreUnbound(s.Vmi["spec"])
            ? new VmiStep(Vmi: null) { Bind = [.. s.Disks.Unbound(s.Vmi["spec"]).Where(claim => claim.OwnerOf(Kinds.DataVolume) is null)] }
            : new VmiStep(At(s, next));
    }

    private static string? Next(VmiSituation s) => s.Phase switch
    {
        "Pending" => "Scheduling",
        "Scheduling" => "Scheduled",
        "Scheduled" => s.Has(KubeVirtFault.CrashLoop) ? "Failed" : "Running",
        _ => null,
    };

    /// <summary>What holds the VMI up in its phase, as conditions.</summary>
    private static (IReadOnlyList<Condition> Conditions, TimeSpan? CheckAgain) Block(VmiSituation s)
    {
        var name = s.Vmi.NameOf().Name;
        switch (s.Phase)
        {
            case "Pending" when s.Has(KubeVirtFault.Quota):
                return ([new("Synchronized", false, "FailedCreate",
                    $"failed to create virtual machine pod: pods \"virt-launcher-{name}\" is forbidden: exceeded quota: "
                    + "sandbox, requested: requests.memory=1Gi, used: requests.memory=1Gi, limited: requests.memory=1Gi")], null);
            case "Pending" when s.Disks.Missing(s.Vmi["spec"]) is { } claim:
                var notFound = $"failed to render launch manifest: didn't find PVC {claim}";
                return (
                    [
                        new("PodScheduled", false, "Unschedulable", notFound),
                        new("Synchronized", false, "FailedPvcNotFound", notFound),
                    ],
                    null);
            case "Scheduling" when s.Has(KubeVirtFault.Unschedulable):
                return ([new("PodScheduled", false, "Unschedulable", "0/3 nodes are available: 3 Insufficient memory.")], null);
            case "Scheduling" when s.Has(KubeVirtFault.ImagePull):
                return PullFailure(s);
            default:
                return ([], null);
        }
    }

    private static (IReadOnlyList<Condition> Conditions, TimeSpan? CheckAgain) PullFailure(VmiSituation s)
    {
        var image = s.Vmi.Objects("spec", "volumes").Select(v => v.Text("containerDisk", "image")).FirstOrDefault(i => i is not null)
            ?? "quay.io/kubevirt/virt-launcher";
        var backsOff = new Condition("Synchronized", false, "ImagePullBackOff", $"Back-off pulling image \"{image}\"");
        switch (Conditions.Find(s.Vmi["status"], "Synchronized").Text("reason"))
        {
            case "ImagePullBackOff":
                return ([backsOff], null);
            case "ErrImagePull" when s.Now - s.Since >= s.StepDelay * PullsBeforeBackOff:
                return ([backsOff], null);
            case var reason:
                var left = reason is null ? TimeSpan.Zero : s.Since + (s.StepDelay * PullsBeforeBackOff) - s.Now;
                return ([new("Synchronized", false, "ErrImagePull", $"failed to pull and unpack image \"{image}\": not found")], left);
        }
    }

    private static VmiStep ShutDown(VmiSituation s)
    {
        if (s.Phase is not ("Scheduled" or "Running")) return new VmiStep(At(s, "Failed")); // no guest yet
        var terminating = At(s, s.Phase, [new("Ready", false, "PodTerminating", "virt-launcher pod is terminating")]);
        if (!JsonNode.DeepEquals(terminating["status"], s.Vmi["status"])) return new VmiStep(terminating);
        var takes = s.Has(KubeVirtFault.GuestIgnoresShutdown) || s.GracePeriod < s.StepDelay ? s.GracePeriod : s.StepDelay;
        var wait = s.Since + takes - s.Now;
        return wait > TimeSpan.Zero ? new VmiStep(null, wait) : new VmiStep(At(s, "Succeeded"));
    }

    /// <summary>The guest is down and the VM knows how it ended: nothing holds the VMI any longer.</summary>
    private static VmiStep Release(VmiSituation s)
    {
        if (s.Vmi.HasFinalizer(KubeVirtNames.ControllerFinalizer) || !s.Vmi.HasFinalizer(KubeVirtNames.ForegroundFinalizer))
            return Nothing;
        var vmi = s.Vmi.Copy();
        vmi["metadata"]!["finalizers"] = vmi.FinalizersWithout(KubeVirtNames.ForegroundFinalizer);
        return new VmiStep(vmi);
    }

    private static VmiStep Adopt(VmiSituation s)
    {
        var vmi = s.Vmi.Copy();
        var finalizers = vmi.FinalizersWithout();
        finalizers.Add(KubeVirtNames.ForegroundFinalizer);
        vmi["metadata"]!["finalizers"] = finalizers;
        return new VmiStep(vmi);
    }

    private static JsonObject At(VmiSituation s, string phase, IReadOnlyList<Condition>? conditions = null) =>
        VmiStatus.At(s, phase, conditions ?? []);
}
