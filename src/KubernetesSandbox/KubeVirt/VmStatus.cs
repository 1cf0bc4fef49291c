using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>The status that virt-controller gives a VM: pure. What others wrote into it stays.</summary>
internal static class VmStatus
{
    public const string RestartRequired = "RestartRequired";

    // KubeVirt's back-off: 10 s times the square of the failures, at most 5 min, less its random part.
    private static readonly TimeSpan BackoffUnit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BackoffLimit = TimeSpan.FromMinutes(5);

    private static readonly string[] RestartingStrategies = ["Always", "RerunOnFailure", "Once"];
    private static readonly string[] NotTakenFromVmi = ["Ready", "Failure", RestartRequired];

    /// <param name="s">The situation after what was done about it.</param>
    /// <param name="boots">A VMI is about to be made.</param>
    /// <param name="problem">Why the VM cannot go on.</param>
    /// <param name="changedTemplate">The VMI was made from another template than the VM has now.</param>
    public static JsonObject Of(VmSituation s, bool boots, SyncProblem? problem, bool changedTemplate)
    {
        var status = (s.Vm["status"] as JsonObject)?.Copy() ?? [];
        SetFlag(status, "created", s.Vmi is not null);
        SetFlag(status, "ready", Conditions.Has(s.Vmi?["status"], "Ready", true));
        if (s.Vmi is not null)
        {
            status["observedGeneration"] = long.TryParse(s.Vmi.Annotation(KubeVirtNames.GenerationAnnotation), out var seen)
                ? seen
                : s.Vm.GenerationOf();
            status["desiredGeneration"] = s.Vm.GenerationOf();
        }
        // Set for the first time with the first VMI: it tells whether the VM was ever started.
        if (s.Vmi is not null || status.Text("runStrategy") is not null) status["runStrategy"] = s.Strategy;
        TrimRequests(status, s);
        SetInstancetype(status, s);
        SetStartFailure(status, s);
        SetConditions(status, s, problem, changedTemplate);
        status["printableStatus"] = PrintableStatus.Of(s, status, boots);
        return status;
    }

    /// <summary>How long a VM that failed to start waits before it starts again.</summary>
    public static TimeSpan Backoff(long failures)
    {
        var wait = BackoffUnit * (failures * failures);
        return wait < BackoffLimit ? wait : BackoffLimit;
    }

    // KubeVirt leaves out what is false.
    private static void SetFlag(JsonObject status, string name, bool value)
    {
        if (value) status[name] = true;
        else status.Remove(name);
    }

    private static void TrimRequests(JsonObject status, VmSituation s)
    {
        if (status["stateChangeRequests"] is not JsonArray { Count: > 0 } requests) return;
        var isDone = s.Request.Text("action") switch
        {
            "Stop" => s.Vmi is null || s.Request.Text("uid") != s.Vmi.UidOf(),
            "Start" => s.Vmi is not null && !s.Vmi.IsDeleting() && !s.IsFinal,
            _ => true,
        };
        if (!isDone) return;
        requests.RemoveAt(0);
        if (requests.Count == 0) status.Remove("stateChangeRequests");
    }

    private static void SetInstancetype(JsonObject status, VmSituation s)
    {
        if (s.Vm.At("spec", "instancetype") is not JsonObject) status.Remove("instancetypeRef");
        if (s.InstancetypeRevision is not { } revision) return;
        status["instancetypeRef"] = new JsonObject
        {
            ["name"] = s.Vm.Text("spec", "instancetype", "name"),
            ["kind"] = s.Vm.Text("spec", "instancetype", "kind") ?? "VirtualMachineClusterInstancetype",
            ["controllerRevisionRef"] = new JsonObject { ["name"] = revision },
        };
    }

    private static void SetStartFailure(JsonObject status, VmSituation s)
    {
        var hasRun = s.Vmi.Objects("status", "phaseTransitionTimestamps").Any(entry => entry.Text("phase") == "Running");
        if (hasRun || !RestartingStrategies.Contains(s.Strategy))
        {
            status.Remove("startFailure");
        }
        else if (s.IsFinal && status.Text("startFailure", "lastFailedVMIUID") != s.Vmi!.UidOf())
        {
            var count = (status.Number("startFailure", "consecutiveFailCount") ?? 0) + 1;
            status["startFailure"] = new JsonObject
            {
                ["consecutiveFailCount"] = count,
                ["lastFailedVMIUID"] = s.Vmi!.UidOf(),
                ["retryAfterTimestamp"] = (s.Now + Backoff(count)).ToApiTime(),
            };
        }
    }

    private static void SetConditions(JsonObject status, VmSituation s, SyncProblem? problem, bool changedTemplate)
    {
        SetReady(status, s);
        if (problem is null) Conditions.Remove(status, "Failure");
        else Conditions.Set(status, new Condition("Failure", true, problem.Reason, problem.Message), s.Now);

        if (s.Vmi is null || s.Vmi.IsDeleting()) Conditions.Remove(status, RestartRequired);
        else if (changedTemplate)
        {
            Conditions.Set(
                status,
                new Condition(RestartRequired, true, Message: "a non-live-updatable field was changed in the template spec"),
                s.Now);
        }
        else Conditions.Remove(status, RestartRequired);

        if (s.Vmi is null) return;
        var fromVmi = s.Vmi.Objects("status", "conditions")
            .Where(condition => !NotTakenFromVmi.Contains(condition.Text("type"))).ToList();
        foreach (var condition in fromVmi) Conditions.Put(status, condition.Copy());
        var gone = status.Objects("conditions").Select(condition => condition.Text("type"))
            .Except(NotTakenFromVmi).Except(fromVmi.Select(condition => condition.Text("type"))).ToList();
        foreach (var type in gone) Conditions.Remove(status, type!);
    }

    private static void SetReady(JsonObject status, VmSituation s)
    {
        if (s.Vmi is null)
            Conditions.Set(status, new Condition("Ready", false, "VMINotExists", "VMI does not exist"), s.Now);
        else if (Conditions.Find(s.Vmi["status"], "Ready") is { } ready)
            Conditions.Put(status, ready.Copy());
        else
            Conditions.Set(status, new Condition("Ready", false, "VMIConditionMissing", "VMI is missing the Ready condition"), s.Now);
    }
}
