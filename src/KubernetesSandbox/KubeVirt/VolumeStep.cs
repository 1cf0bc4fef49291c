using System.Globalization;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>What is known when a DataVolume is looked at.</summary>
internal sealed record VolumeSituation
{
    public required JsonObject Volume { get; init; }

    /// <summary>The claim of its name, or null.</summary>
    public JsonObject? Claim { get; init; }

    /// <summary>Why the API server refused the claim, or null.</summary>
    public string? ClaimRefused { get; init; }

    /// <summary>Its import fails.</summary>
    public bool Fails { get; init; }

    /// <summary>Its import stays where it is.</summary>
    public bool Stalls { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>Since when it is at its <see cref="Stage"/>.</summary>
    public required DateTimeOffset Since { get; init; }

    public required TimeSpan StepDelay { get; init; }

    public string Phase => Volume.Text("status", "phase") ?? "";

    public string Progress => Volume.Text("status", "progress") ?? "N/A";

    /// <summary>Changes with each step, so that the time it began can be remembered.</summary>
    public string Stage => $"{Phase}/{Progress}/{Conditions.Find(Volume["status"], "Running").Text("reason")}";
}

/// <summary>The next step of a DataVolume: CDI's controllers and its importer in one. Pure.</summary>
/// <param name="Status">The status to write, or null.</param>
/// <param name="CreateClaim">The claim is to be made.</param>
/// <param name="BindClaim">The claim is to be bound.</param>
/// <param name="CheckAgain">When to look again, if nothing happens before.</param>
/// <param name="Tidy">It is filled and to go; its claim gets its owners.</param>
internal sealed record VolumeStep(
    JsonObject? Status = null, bool CreateClaim = false, bool BindClaim = false, TimeSpan? CheckAgain = null, bool Tidy = false)
{
    // CDI, pkg/controller/datavolume/garbagecollect.go.
    private const string TidyAnnotation = "cdi.kubevirt.io/storage.deleteAfterCompletion";

    private const double ProgressOfOneStep = 33.3;
    private static readonly VolumeStep Nothing = new();

    public static VolumeStep Of(VolumeSituation s)
    {
        if (s.Volume.IsDeleting() || s.Phase == "Failed") return Nothing;
        if (s.Phase == "Succeeded") return s.Claim is not null && s.Volume.Annotation(TidyAnnotation) == "true" ? new(Tidy: true) : Nothing;
        if (s.ClaimRefused is not null) return IfChanged(s, Refused(s));
        if (s.Claim is null && s.Phase != "") return new(CreateClaim: true);
        var (scheduled, running) = PhasesOf(s.Volume);
        if (s.Fails && s.Phase == running) return IfChanged(s, Failing(s));
        if (s.Phase == "UploadReady") return Nothing; // it waits for someone's upload

        var wait = s.Since + s.StepDelay - s.Now;
        if (wait > TimeSpan.Zero && s.Phase != "") return new(CheckAgain: wait);
        if (s.Phase == "") return new(At(s, "Pending", "N/A"));
        if (s.Claim.Text("status", "phase") != "Bound") return new(BindClaim: true);
        if (s.Phase == "Pending") return new(scheduled is null ? Done(s) : At(s, scheduled, "N/A"));
        if (s.Phase == scheduled) return new(At(s, running!, running == "UploadReady" ? "N/A" : "0.00%"));
        var progress = double.TryParse(s.Progress.TrimEnd('%'), CultureInfo.InvariantCulture, out var percent) ? percent : 0;
        if (s.Stalls && progress > 0) return Nothing;
        progress += ProgressOfOneStep;
        return new(progress < 99 ? At(s, running!, progress.ToString("0.00", CultureInfo.InvariantCulture) + "%") : Done(s));
    }

    /// <summary>The claim that CDI makes for a DataVolume.</summary>
    /// <param name="volume">The DataVolume.</param>
    /// <param name="source">The claim that it clones; null: none, or it is not there.</param>
    public static JsonObject ClaimOf(JsonObject volume, JsonObject? source = null)
    {
        var wanted = (volume.At("spec", "storage") ?? volume.At("spec", "pvc")) as JsonObject ?? [];
        var spec = new JsonObject
        {
            ["accessModes"] = wanted["accessModes"]?.DeepClone() ?? new JsonArray("ReadWriteOnce"),
            ["resources"] = wanted["resources"]?.DeepClone()
                ?? source?.At("spec", "resources")?.DeepClone()
                ?? new JsonObject { ["requests"] = new JsonObject { ["storage"] = "1Gi" } },
        };
        if (wanted.Text("storageClassName") is { } storageClass) spec["storageClassName"] = storageClass;
        if (wanted.Text("volumeMode") is { } mode) spec["volumeMode"] = mode;
        return new JsonObject
        {
            ["apiVersion"] = Kinds.Claim.ApiVersion,
            ["kind"] = Kinds.Claim.Name,
            ["metadata"] = new JsonObject
            {
                ["name"] = volume.NameOf().Name,
                ["namespace"] = volume.NameOf().Namespace,
                ["labels"] = new JsonObject { ["app"] = "containerized-data-importer" },
                ["ownerReferences"] = ObjectReading.OwnedBy(volume, Kinds.DataVolume),
            },
            ["spec"] = spec,
        };
    }

    /// <summary>A claim with the status of one that is bound.</summary>
    public static JsonObject Bound(JsonObject claim)
    {
        var bound = claim.Copy();
        bound["status"] = new JsonObject
        {
            ["phase"] = "Bound",
            ["accessModes"] = claim.At("spec", "accessModes")?.DeepClone(),
            ["capacity"] = claim.At("spec", "resources", "requests")?.DeepClone(),
        };
        return bound;
    }

    private static (string? Scheduled, string? Running) PhasesOf(JsonObject volume) => volume.At("spec", "source") switch
    {
        JsonObject source when source.ContainsKey("blank") => (null, null),
        JsonObject source when source.ContainsKey("upload") => ("UploadScheduled", "UploadReady"),
        JsonObject source when source.ContainsKey("pvc") || source.ContainsKey("snapshot") => ("CloneScheduled", "CloneInProgress"),
        null => ("CloneScheduled", "CloneInProgress"), // sourceRef: a DataSource, which is cloned
        _ => ("ImportScheduled", "ImportInProgress"),
    };

    private static VolumeStep IfChanged(VolumeSituation s, JsonObject status) =>
        JsonNode.DeepEquals(status, s.Volume["status"]) ? Nothing : new(status);

    private static JsonObject At(VolumeSituation s, string phase, string progress)
    {
        var status = (s.Volume["status"] as JsonObject)?.Copy() ?? [];
        status["phase"] = phase;
        status["progress"] = progress;
        status["claimName"] = s.Volume.NameOf().Name;
        var isBound = s.Claim.Text("status", "phase") == "Bound";
        var isRunning = phase.EndsWith("InProgress", StringComparison.Ordinal);
        Set(status, s, "Ready", phase == "Succeeded" ? "True" : "False", isRunning ? "TransferRunning" : null, null);
        Set(status, s, "Bound", isBound ? "True" : "False", isBound ? "Bound" : "Pending", null);
        var (why, what) = phase == "Succeeded" ? ("Completed", "Import Complete") : (isRunning ? "Pod is running" : null, (string?)null);
        Set(status, s, "Running", isRunning ? "True" : "False", why, what);
        return status;
    }

    private static JsonObject Done(VolumeSituation s) => At(s, "Succeeded", "100.0%");

    private static JsonObject Failing(VolumeSituation s)
    {
        var status = s.Volume["status"]!.AsObject().Copy();
        Set(
            status, s, "Running", "False", "Error",
            "Unable to process data: Unable to connect to http data source: expected status code 200, got 404. Status: 404 Not Found");
        return status;
    }

    private static JsonObject Refused(VolumeSituation s)
    {
        var status = (s.Volume["status"] as JsonObject)?.Copy() ?? [];
        status["phase"] = "Pending";
        status["progress"] = "N/A";
        Set(status, s, "Bound", "Unknown", "ErrExceededQuota", s.ClaimRefused);
        return status;
    }

    private static void Set(
        JsonObject status, VolumeSituation s, string type, string value, string? reason, string? message)
    {
        var known = Conditions.Find(status, type);
        if (known.Text("status") == value && known.Text("reason") == reason && known.Text("message") == message) return;
        var condition = new JsonObject
        {
            ["type"] = type,
            ["status"] = value,
            ["lastTransitionTime"] = s.Now.ToApiTime(),
            ["lastHeartbeatTime"] = s.Now.ToApiTime(),
        };
        if (reason is not null) condition["reason"] = reason;
        if (message is not null) condition["message"] = message;
        Conditions.Put(status, condition);
    }
}
