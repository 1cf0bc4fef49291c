using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;
using static OvimSpokeAgent.Sandbox.Tests.KubeVirt.TestObjects;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

public sealed class LifecycleRulesTests
{
    private const string RecoveryRequired =
        "409 VM recovery required: a volume migration failed, somebody has to put the volumes back where they were";

    private static readonly Dictionary<string, (string Action, JsonObject Vm, JsonObject? Vmi, string Body, string Expected)> Table = new()
    {
        ["start Halted"] = ("start", Vm("Halted"), null, "", "running"),
        ["start Halted, paused"] = ("start", Vm("Halted"), null, """{"paused":true}""", "Start(paused)"),
        ["start Manual"] = ("start", Vm("Manual"), null, "{}", "Start"),
        ["start Manual whose guest ended"] = ("start", Vm("Manual"), Vmi("Succeeded"), "", "Stop Start"),
        ["start RerunOnFailure"] = ("start", Vm("RerunOnFailure"), null, "", "Start"),
        ["start RerunOnFailure that failed"] = (
            "start", Vm("RerunOnFailure"), Vmi("Failed"), "", "409 RerunOnFailure does not support starting VM from failed state"),
        ["start Always"] = ("start", Vm(), null, "", "409 Always does not support manual start requests"),
        ["start Once"] = ("start", Vm("Once"), null, "", "409 Once does not support manual start requests"),
        ["start what runs"] = ("start", Vm("Manual"), Vmi("Running"), "", "409 VM is already running"),
        ["start what is starting"] = (
            "start", Vm("Manual", Requests("Start")), null, "", "409 unable to complete request: stop/start already underway"),
        ["start what needs recovery"] = ("start", Vm("Halted", Condition("ManualRecoveryRequired", true)), null, "", RecoveryRequired),
        ["restart while volumes change"] = ("restart", Vm(changes: Condition("VolumesChange", true)), Vmi("Running"), "", RecoveryRequired),
        ["stop RerunOnFailure before its first boot"] = ("stop", Vm("RerunOnFailure"), null, "", "409 VM is not running"),
        ["stop RerunOnFailure in a crash loop"] = ("stop", Vm("RerunOnFailure"), Vmi("Failed"), "", "409 VM is not running"),
        ["stop Manual whose start is queued"] = ("stop", Vm("Manual", Requests("Start")), null, "", "409 VM is not running"),
        ["stop Always"] = ("stop", Vm(), Vmi("Running"), "", "halted"),
        ["stop Always at once"] = ("stop", Vm(), Vmi("Running"), """{"gracePeriod":0}""", "grace 0, halted"),
        ["stop Once"] = ("stop", Vm("Once"), Vmi("Running"), "", "halted"),
        ["stop Manual"] = ("stop", Vm("Manual"), Vmi("Running"), "", "Stop"),
        ["stop RerunOnFailure"] = ("stop", Vm("RerunOnFailure"), Vmi("Running"), "", "Stop"),
        ["stop what restarts"] = ("stop", Vm("Manual", Requests("Stop", "Start")), Vmi("Running"), "", "Stop"),
        ["stop Manual that does not run"] = ("stop", Vm("Manual"), null, "", "409 VM is not running"),
        ["stop Halted that does not run"] = ("stop", Vm("Halted"), null, "", "409 VM is not running"),
        ["stop Halted that is stopping"] = (
            "stop", Vm("Halted"), Vmi("Running"), "", "409 Halted only supports manual stop requests with a shorter graceperiod"),
        ["stop Halted that is stopping, sooner"] = (
            "stop", Vm("Halted"), Vmi("Running", Grace(60)), """{"gracePeriod":5}""", "grace 5, Stop"),
        ["stop Halted that is stopping, later"] = (
            "stop", Vm("Halted"), Vmi("Running", Grace(60)), """{"gracePeriod":90}""",
            "409 Halted only supports manual stop requests with a shorter graceperiod"),
        ["restart Always"] = ("restart", Vm(), Vmi("Running"), "", "Stop Start"),
        ["restart Manual by force"] = ("restart", Vm("Manual"), Vmi("Running"), """{"gracePeriodSeconds":0}""", "grace 1, Stop Start"),
        ["restart Halted"] = ("restart", Vm("Halted"), null, "", "409 RunStategy Halted does not support manual restart requests"),
        ["restart Once"] = ("restart", Vm("Once"), Vmi("Running"), "", "409 RunStategy Once does not support manual restart requests"),
        ["restart what does not run"] = ("restart", Vm("Manual"), null, "", "409 VM is not running: Halted"),
        ["restart what restarts"] = (
            "restart", Vm("Manual", Requests("Stop", "Start")), Vmi("Running"), "",
            "409 unable to complete request: stop/start already underway"),
        ["restart with grace"] = (
            "restart", Vm(), Vmi("Running"), """{"gracePeriodSeconds":5}""", "400 For force restart, only gracePeriod=0 is supported for now"),
        ["restart with less than no grace"] = (
            "restart", Vm(), Vmi("Running"), """{"gracePeriodSeconds":-1}""", "400 gracePeriod has to be greater or equal to 0"),
        ["a body that is no JSON"] = (
            "stop", Vm(), Vmi("Running"), "now", "400 Can not unmarshal Request body to struct, error: now is not a JSON object"),
        ["dry run"] = ("stop", Vm(), Vmi("Running"), """{"dryRun":["All"]}""", "halted, dry"),
    };

    public static TheoryData<string> Names => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decision_follows_virt_apis_rules(string name)
    {
        var (action, vm, vmi, body, expected) = Table[name];

        Assert.Equal(expected, Words(LifecycleRules.Decide(action, vm, vmi, body)));
    }

    [Fact]
    public void A_stop_names_the_VMI_that_it_means()
    {
        var decision = LifecycleRules.Decide("stop", Vm("Manual"), Vmi("Running"), "");

        Assert.Equal(VmiUid, Assert.Single(decision.Requests).Text("uid"));
    }

    private static Action<JsonObject> Grace(int seconds) => vmi => vmi["spec"]!["terminationGracePeriodSeconds"] = seconds;

    private static string Words(LifecycleDecision decision)
    {
        if (decision.Refusal is { } refusal)
        {
            var prefix = "Operation cannot be fulfilled on virtualmachine.kubevirt.io \"web\": ";
            return $"{refusal.Code} {refusal.Message.Replace(prefix, "", StringComparison.Ordinal)}";
        }
        List<string> words = [];
        if (decision.GracePeriod is { } grace) words.Add($"grace {grace}");
        if (decision.Running is { } running) words.Add(running ? "running" : "halted");
        if (decision.Requests.Count > 0)
        {
            words.Add(string.Join(' ', decision.Requests.Select(request =>
                request.Text("action") + (request.Text("data", "paused") == "true" ? "(paused)" : ""))));
        }
        if (decision.IsDryRun) words.Add("dry");
        return string.Join(", ", words);
    }
}
