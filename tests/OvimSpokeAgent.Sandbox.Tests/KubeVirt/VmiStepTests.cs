using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;
using static OvimSpokeAgent.Sandbox.Tests.KubeVirt.TestObjects;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

public sealed class VmiStepTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    // seconds: how long the VMI has been at its stage.
    private static readonly Dictionary<string, (JsonObject Vmi, KubeVirtFault Faults, int Seconds, string Expected)> Table = new()
    {
        ["new"] = (Vmi(""), KubeVirtFault.None, 0, "Pending"),
        ["pending, too early"] = (Settled("Pending"), KubeVirtFault.None, 0, "wait 2"),
        ["pending"] = (Settled("Pending"), KubeVirtFault.None, 2, "Scheduling"),
        ["scheduling"] = (Settled("Scheduling"), KubeVirtFault.None, 2, "Scheduled"),
        ["scheduled"] = (Settled("Scheduled"), KubeVirtFault.None, 2, "Running"),
        ["running"] = (Settled("Running"), KubeVirtFault.None, 99, ""),
        ["final"] = (Settled("Succeeded"), KubeVirtFault.None, 99, ""),
        ["quota"] = (Settled("Pending"), KubeVirtFault.Quota, 2, "Pending Synchronized=FailedCreate"),
        ["unschedulable"] = (Settled("Scheduling"), KubeVirtFault.Unschedulable, 2, "Scheduling PodScheduled=Unschedulable"),
        ["image not found"] = (Settled("Scheduling"), KubeVirtFault.ImagePull, 2, "Scheduling Synchronized=ErrImagePull"),
        ["image not found, too early to back off"] = (
            Settled("Scheduling", Condition("Synchronized", false, "ErrImagePull")), KubeVirtFault.ImagePull, 3,
            "Scheduling Synchronized=ErrImagePull"),
        ["image not found again"] = (
            Settled("Scheduling", Condition("Synchronized", false, "ErrImagePull")), KubeVirtFault.ImagePull, 4,
            "Scheduling Synchronized=ImagePullBackOff"),
        ["image found after all"] = (
            Settled("Scheduling", Condition("Synchronized", false, "ImagePullBackOff")), KubeVirtFault.None, 4, "Scheduling"),
        ["crashes at boot"] = (Settled("Scheduled"), KubeVirtFault.CrashLoop, 2, "Failed"),
        ["deleted before it had a guest"] = (Settled("Scheduling", Deleting), KubeVirtFault.None, 0, "Failed"),
        ["deleted while it runs"] = (Settled("Running", Deleting), KubeVirtFault.None, 0, "Running Ready=PodTerminating"),
        ["shutting down"] = (ShuttingDown(), KubeVirtFault.None, 1, "wait 1"),
        ["shut down"] = (ShuttingDown(), KubeVirtFault.None, 2, "Succeeded"),
        ["ignores the shutdown"] = (ShuttingDown(), KubeVirtFault.GuestIgnoresShutdown, 10, "wait 20"),
        ["killed after the grace period"] = (ShuttingDown(), KubeVirtFault.GuestIgnoresShutdown, 30, "Succeeded"),
        ["ignores the shutdown, with a grace period of its own"] = (
            ShuttingDown(Grace(5)), KubeVirtFault.GuestIgnoresShutdown, 5, "Succeeded"),
        ["no grace"] = (ShuttingDown(Grace(0)), KubeVirtFault.None, 0, "Succeeded"),
        ["down, but its VM does not know yet"] = (Settled("Succeeded", Deleting), KubeVirtFault.None, 9, ""),
        ["down, and its VM knows"] = (
            Settled("Succeeded", Deleting, vmi => vmi["metadata"]!["finalizers"]!.AsArray().RemoveAt(0)), KubeVirtFault.None, 0,
            "Succeeded released"),
    };

    public static TheoryData<string> Names => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Step_follows_phase_faults_and_time(string name)
    {
        var (vmi, faults, seconds, expected) = Table[name];

        var step = VmiStep.Of(SituationOf(vmi, faults, seconds));

        Assert.Equal(expected, Words(step, vmi));
    }

    [Fact]
    public void Running_brings_node_address_and_readiness_and_the_address_only_on_the_pod_network()
    {
        var vmi = Settled("Scheduled", item =>
        {
            item["spec"]!["domain"]!["devices"]!["interfaces"] = JsonNode.Parse("""[{"name":"default","masquerade":{}},{"name":"tenant","bridge":{}}]""");
            item["spec"]!["networks"] = JsonNode.Parse("""[{"name":"default","pod":{}},{"name":"tenant","multus":{"networkName":"tenant"}}]""");
        });

        var running = VmiStep.Of(SituationOf(vmi, KubeVirtFault.None, 2)).Vmi;

        Assert.Equal("node-1", running.Text("status", "nodeName"));
        Assert.Equal("node-1", running.Text("metadata", "labels", KubeVirtNames.NodeLabel));
        Assert.True(Conditions.Has(running!["status"], "Ready", true));
        var nics = running.Objects("status", "interfaces").ToList();
        Assert.Equal(["10.244.1.2", null], nics.Select(nic => nic.Text("ipAddress")));
    }

    [Fact]
    public void Pending_names_the_claim_that_does_not_exist_and_binds_the_one_that_does()
    {
        var vmi = Settled("Pending", item =>
            item["spec"]!["volumes"] = JsonNode.Parse("""[{"name":"root","persistentVolumeClaim":{"claimName":"web-root"}}]"""));

        var missing = VmiStep.Of(SituationOf(vmi, KubeVirtFault.None, 2)).Vmi;
        var found = VmiStep.Of(SituationOf(vmi, KubeVirtFault.None, 2) with { Disks = DisksOf(Claim("Pending")) });

        Assert.True(Conditions.Has(missing!["status"], "Synchronized", false, "FailedPvcNotFound"));
        Assert.Contains("web-root", Conditions.Find(missing["status"], "Synchronized").Text("message"), StringComparison.Ordinal);
        Assert.Null(found.Vmi);
        Assert.Equal("web-root", Assert.Single(found.Bind).NameOf().Name);
    }

    [Fact]
    public void Conditions_of_others_stay()
    {
        var vmi = Settled("Running", Condition("AgentConnected", true), Condition("Paused", true, "PausedByUser"));

        var step = VmiStep.Of(SituationOf(vmi, KubeVirtFault.None, 0));

        Assert.True(Conditions.Has(step.Vmi!["status"], "AgentConnected", true));
        Assert.True(Conditions.Has(step.Vmi["status"], "Paused", true));
        Assert.True(Conditions.Has(step.Vmi["status"], "Ready", false, "ReadinessGatesNotReady"));
    }

    private static VmiSituation SituationOf(JsonObject vmi, KubeVirtFault faults, int seconds) => new()
    {
        Vmi = vmi,
        Faults = faults,
        Disks = DisksOf(),
        Now = Now,
        Since = Now.AddSeconds(-seconds),
        StepDelay = Delay,
        Node = "node-1",
        Address = "10.244.1.2",
    };

    /// <summary>A VMI with all that its phase brings.</summary>
    private static JsonObject Settled(string phase, params Action<JsonObject>[] changes)
    {
        var vmi = VmiStatus.At(SituationOf(Vmi(phase), KubeVirtFault.None, 0), phase, []);
        foreach (var change in changes) change(vmi);
        return vmi;
    }

    private static JsonObject ShuttingDown(params Action<JsonObject>[] changes)
    {
        var vmi = Settled("Running", [Deleting, .. changes]);
        return VmiStep.Of(SituationOf(vmi, KubeVirtFault.None, 0)).Vmi!;
    }

    private static Action<JsonObject> Grace(int seconds) => vmi => vmi["spec"]!["terminationGracePeriodSeconds"] = seconds;

    private static string Words(VmiStep step, JsonObject before)
    {
        if (step.Vmi is null) return step.CheckAgain is { } wait ? $"wait {wait.TotalSeconds}" : "";
        var words = new List<string?> { step.Vmi.Text("status", "phase") };
        if (before.HasFinalizer(KubeVirtNames.ForegroundFinalizer) && !step.Vmi.HasFinalizer(KubeVirtNames.ForegroundFinalizer))
            words.Add("released");
        if (step.Vmi.IsDeleting() && Conditions.Has(step.Vmi["status"], "Ready", false, "PodTerminating") && words[0] == "Running")
            words.Add("Ready=PodTerminating");
        words.AddRange(step.Vmi.Objects("status", "conditions")
            .Where(condition => condition.Text("type") is "Synchronized" or "PodScheduled")
            .Select(condition => $"{condition.Text("type")}={condition.Text("reason")}"));
        return string.Join(' ', words);
    }
}
