using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;
using static OvimSpokeAgent.Sandbox.Tests.KubeVirt.TestObjects;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

public sealed class PrintableStatusTests
{
    private const string ExamplesVariable = "OVIM_KUBEVIRT_EXAMPLES_DIR";

    private static readonly Dictionary<string, (VmSituation Situation, string Expected)> Table = new()
    {
        ["deleted, while the guest runs"] = (Situation(Vm(changes: Deleting), Vmi("Running")), "Terminating"),
        ["the VMI is being deleted"] = (Situation(Vm("Halted"), Vmi("Running", Deleting)), "Stopping"),
        ["a migration runs"] = (
            Situation(Vm(), Vmi("Running", vmi => vmi["status"]!["migrationState"] = new JsonObject { ["startTimestamp"] = "2026-03-02T09:30:40Z" })),
            "Migrating"),
        ["paused"] = (Situation(Vm(), Vmi("Running", Condition("Paused", true))), "Paused"),
        ["running"] = (Situation(Vm(), Vmi("Running")), "Running"),
        ["a claim does not exist"] = (
            Situation(Vm(), Vmi("Pending", Condition("Synchronized", false, "FailedPvcNotFound"), Condition("PodScheduled", false, "Unschedulable"))),
            "ErrorPvcNotFound"),
        ["an import fails"] = (
            Situation(Vm(changes: WithVolume), null, Volume("ImportInProgress", Condition("Running", false, "Error"))), "DataVolumeError"),
        ["an import failed for good"] = (Situation(Vm(changes: WithVolume), null, Volume("Failed")), "DataVolumeError"),
        ["no node fits"] = (
            Situation(Vm(), Vmi("Scheduling", Condition("PodScheduled", false, "Unschedulable"))), "ErrorUnschedulable"),
        ["an import runs"] = (Situation(Vm(changes: WithVolume), null, Volume("ImportInProgress")), "Provisioning"),
        ["an import runs for a halted VM"] = (Situation(Vm("Halted", WithVolume), null, Volume("Pending")), "Provisioning"),
        ["a claim waits to be bound"] = (
            Situation(Vm(changes: WithVolume), Vmi("Pending"), Volume("WaitForFirstConsumer"), Claim("Pending")),
            "WaitingForVolumeBinding"),
        ["a claim waits to be bound, for a halted VM"] = (
            Situation(Vm("Halted", WithVolume), null, Volume("WaitForFirstConsumer"), Claim("Pending")), "Stopped"),
        ["a pull failed"] = (Situation(Vm(), Vmi("Scheduling", Condition("Synchronized", false, "ErrImagePull"))), "ErrImagePull"),
        ["pulls go on failing"] = (
            Situation(Vm(), Vmi("Scheduling", Condition("Synchronized", false, "ImagePullBackOff"))), "ImagePullBackOff"),
        ["refused by a quota"] = (
            Situation(Vm(), Vmi("Pending", Condition("Synchronized", false, "FailedCreate"))), "Starting"),
        ["the VMI is new"] = (Situation(Vm(), Vmi("")), "Starting"),
        ["scheduled"] = (Situation(Vm(), Vmi("Scheduled")), "Starting"),
        ["about to boot"] = (Situation(Vm()), "Starting"),
        ["asked to start"] = (Situation(Vm("Manual", Requests("Start"))), "Starting"),
        ["waits after failed starts"] = (
            Situation(Vm(changes: Status("""{"startFailure":{"consecutiveFailCount":3,"retryAfterTimestamp":"2026-03-02T09:31:30Z"}}"""))),
            "CrashLoopBackOff"),
        ["halted"] = (Situation(Vm("Halted")), "Stopped"),
        ["manual, never started"] = (Situation(Vm("Manual")), "Stopped"),
        ["the guest shut itself down"] = (Situation(Vm("Manual"), Vmi("Succeeded")), "Stopped"),
        ["the guest failed after it ran"] = (Situation(Vm("Manual"), Vmi("Failed")), "Stopped"),
        ["receives a migration from elsewhere"] = (Situation(Vm("WaitAsReceiver"), Vmi("WaitingForSync")), "WaitingForReceiver"),
        ["the node is lost"] = (Situation(Vm(), Vmi("Unknown")), "Unknown"),
    };

    public static TheoryData<string> Names => [.. Table.Keys];

    /// <summary>The situations in KubeVirt's own data, if they are at hand.</summary>
    public static TheoryData<string> Examples => [.. ExampleCases().Select(example => example.Text("name")!), "none given"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Printable_status_follows_KubeVirts_order(string name)
    {
        var (situation, expected) = Table[name];

        Assert.Equal(expected, StatusOf(situation).Text("printableStatus"));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Printable_status_is_that_of_KubeVirts_examples(string name)
    {
        if (ExampleCases().FirstOrDefault(item => item.Text("name") == name) is not { } example)
        {
            Assert.Equal("none given", name);
            return;
        }
        var vm = example["virtualMachine"]!.AsObject();
        var disks = example.Objects("dataVolumes").Concat(example.Objects("persistentVolumeClaims")).ToArray();
        var situation = Situation(vm, example["virtualMachineInstance"] as JsonObject, disks) with
        {
            // What the example says failed before there was a VMI.
            InstancetypeProblem = Conditions.Has(vm["status"], "Failure", true) ? new SyncProblem("Failed", "") : null,
        };

        Assert.Equal(example.Text("printableStatus"), StatusOf(situation).Text("printableStatus"));
    }

    private static JsonObject StatusOf(VmSituation situation)
    {
        var decision = VmDecision.Of(situation);
        return VmStatus.Of(situation, decision.Boots, decision.Problem, changedTemplate: false);
    }

    private static IEnumerable<JsonObject> ExampleCases()
    {
        if (Environment.GetEnvironmentVariable(ExamplesVariable) is not { Length: > 0 } folder) return [];
        var cases = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "vm-status-cases.json")))!.AsArray();
        // "just-created" is what the controller has not looked at yet.
        return cases.OfType<JsonObject>().Where(example => example.Text("name") != "just-created");
    }
}
