using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>A refusal of virt-api.</summary>
internal sealed record Refusal(int Code, string Reason, string Message);

/// <summary>What virt-api does about a wish to start, stop or restart.</summary>
internal sealed record LifecycleDecision
{
    /// <summary>Nothing is done.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>The run strategy to set: Always or Halted (true or false in the older <c>running</c>).</summary>
    public bool? Running { get; init; }

    /// <summary>The requests to put into <c>status.stateChangeRequests</c>, in the place of those that are there.</summary>
    public IReadOnlyList<JsonObject> Requests { get; init; } = [];

    /// <summary>The grace period to give the VMI first.</summary>
    public long? GracePeriod { get; init; }

    /// <summary>Nothing is changed: the wish was a dry run.</summary>
    public bool IsDryRun { get; init; }
}

/// <summary>
/// virt-api's rules for the subresources start, stop and restart: pure. They are those of KubeVirt's
/// pkg/virt-api/rest/lifecycle.go, with one answer, 409, for every wish that the VM's state rules out.
/// </summary>
internal static class LifecycleRules
{
    // The shortest grace that KubeVirt gives a guest in a forced restart.
    private const long ForcedRestartGrace = 1;

    private const string RecoveryRequired =
        "VM recovery required: a volume migration failed, somebody has to put the volumes back where they were";

    /// <summary>Decides about an action (<c>start</c>, <c>stop</c> or <c>restart</c>).</summary>
    /// <param name="action">The subresource.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="vmi">Its VMI, or null.</param>
    /// <param name="body">The text of the request's body; empty: none.</param>
    public static LifecycleDecision Decide(string action, JsonObject vm, JsonObject? vmi, string body)
    {
        if (!TryReadOptions(body, out var options))
            return Refuse(400, "BadRequest", $"Can not unmarshal Request body to struct, error: {body} is not a JSON object");
        var situation = new VmSituation
        {
            Vm = vm,
            Vmi = vmi,
            Disks = new Disks(_ => null, _ => null),
            Now = default,
        };
        var decision = action switch
        {
            "start" => Start(situation, options),
            "stop" => Stop(situation, options),
            _ => Restart(situation, options),
        };
        return decision with { IsDryRun = options.Items("dryRun").Texts().Contains("All") };
    }

    private static LifecycleDecision Start(VmSituation s, JsonObject options)
    {
        if (s.Vmi is not null && !s.IsFinal && s.Phase is not ("" or "Unknown")) return Conflict(s, "VM is already running");
        if (Conditions.Has(s.Vm["status"], "ManualRecoveryRequired", true)) return Conflict(s, RecoveryRequired);
        var paused = options.IsTrue("paused");
        var start = new JsonObject { ["action"] = "Start" };
        if (paused) start["data"] = new JsonObject { ["paused"] = "true" };
        switch (s.Strategy)
        {
            case "Halted":
                return paused ? Ask(s, start) : new LifecycleDecision { Running = true };
            case "RerunOnFailure" when s.Phase == "Failed":
                return Conflict(s, "RerunOnFailure does not support starting VM from failed state");
            case "RerunOnFailure" or "Manual":
                return s.IsFinal ? Ask(s, StopOf(s), start) : Ask(s, start);
            default:
                return Conflict(s, $"{s.Strategy} does not support manual start requests");
        }
    }

    private static LifecycleDecision Stop(VmSituation s, JsonObject options)
    {
        var grace = options.Number("gracePeriod");
        if (grace < 0) return Refuse(400, "BadRequest", "gracePeriod has to be greater or equal to 0");
        if (s.Strategy is "Always" or "Once")
            return new LifecycleDecision { Running = false, GracePeriod = s.Vmi is null || s.IsFinal ? null : grace };
        if (s.Vmi is null || s.IsFinal) return Conflict(s, "VM is not running");
        var current = s.Vmi.Number("spec", "terminationGracePeriodSeconds");
        if (s.Strategy == "Halted" && (grace is null || grace >= current))
            return Conflict(s, "Halted only supports manual stop requests with a shorter graceperiod");
        return Ask(s, StopOf(s)) with { GracePeriod = grace };
    }

    private static LifecycleDecision Restart(VmSituation s, JsonObject options)
    {
        var grace = options.Number("gracePeriodSeconds");
        if (grace > 0) return Refuse(400, "BadRequest", "For force restart, only gracePeriod=0 is supported for now");
        if (grace < 0) return Refuse(400, "BadRequest", "gracePeriod has to be greater or equal to 0");
        if (Conditions.Has(s.Vm["status"], "VolumesChange", true)) return Conflict(s, RecoveryRequired);
        if (s.Strategy is "Halted" or "Once")
            return Conflict(s, $"RunStategy {s.Strategy} does not support manual restart requests");
        if (s.Vmi is null) return Conflict(s, "VM is not running: Halted");
        return Ask(s, StopOf(s), new JsonObject { ["action"] = "Start" }) with { GracePeriod = grace is 0 ? ForcedRestartGrace : null };
    }

    /// <summary>A stop takes the place of what is under way; anything else has to wait for it.</summary>
    private static LifecycleDecision Ask(VmSituation s, params JsonObject[] requests)
    {
        var isStop = requests.Length == 1 && requests[0].Text("action") == "Stop";
        return s.Request is not null && !isStop
            ? Conflict(s, "unable to complete request: stop/start already underway")
            : new LifecycleDecision { Requests = requests };
    }

    private static JsonObject StopOf(VmSituation s) => new() { ["action"] = "Stop", ["uid"] = s.Vmi!.UidOf() };

    private static LifecycleDecision Conflict(VmSituation s, string why) => Refuse(
        409,
        "Conflict",
        $"Operation cannot be fulfilled on virtualmachine.kubevirt.io \"{s.Vm.NameOf().Name}\": {why}");

    private static LifecycleDecision Refuse(int code, string reason, string message) =>
        new() { Refusal = new Refusal(code, reason, message) };

    private static bool TryReadOptions(string body, out JsonObject options)
    {
        options = [];
        if (body.Trim() is "" or "null") return true;
        try
        {
            if (JsonNode.Parse(body) is not JsonObject read) return false;
            options = read;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
