using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;
using static OvimSpokeAgent.Sandbox.Tests.KubeVirt.TestObjects;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

public sealed class VmDecisionTests
{
    private const string FailedBefore =
        """{"startFailure":{"consecutiveFailCount":1,"retryAfterTimestamp":"2026-03-02T09:31:10Z"}}""";

    private static readonly Dictionary<string, (VmSituation Situation, string Expected)> Table = new()
    {
        ["Always, no VMI"] = (Situation(Vm()), "CreateInstance"),
        ["Always, running"] = (Situation(Vm(), Vmi("Running")), ""),
        ["Always, guest shut down"] = (Situation(Vm(), Vmi("Succeeded")), "DeleteInstance"),
        ["Always, guest failed"] = (Situation(Vm(), Vmi("Failed")), "DeleteInstance"),
        ["Always, VMI deleted by someone"] = (Situation(Vm(), Vmi("Running", Deleting)), ""),
        ["Always, restart asked for"] = (Situation(Vm(changes: Requests("Stop", "Start")), Vmi("Running")), "DeleteInstance"),
        ["Always, after a failed start, too early"] = (Situation(Vm(changes: Status(FailedBefore))), "wait 10"),
        ["Always, after a failed start, in time"] = (
            Situation(Vm(changes: Status(FailedBefore))) with { Now = Now.AddSeconds(10) }, "CreateInstance"),
        ["Always, before the VMI of the last stop is gone"] = (Situation(Vm(), Vmi("Succeeded", Deleting)), ""),
        ["Halted, running"] = (Situation(Vm("Halted"), Vmi("Running")), "DeleteInstance"),
        ["Halted, stopping"] = (Situation(Vm("Halted"), Vmi("Running", Deleting)), ""),
        ["Halted, no VMI"] = (Situation(Vm("Halted")), ""),
        ["Halted, asked to start paused"] = (Situation(Vm("Halted", Requests("Start"))), "SetRunning"),
        ["Manual, never started"] = (Situation(Vm("Manual")), ""),
        ["Manual, asked to start"] = (Situation(Vm("Manual", Requests("Start"))), "CreateInstance"),
        ["Manual, asked to stop"] = (Situation(Vm("Manual", Requests("Stop")), Vmi("Running")), "DeleteInstance"),
        ["Manual, guest shut down"] = (Situation(Vm("Manual"), Vmi("Succeeded")), ""),
        ["RerunOnFailure, new"] = (Situation(Vm("RerunOnFailure")), "CreateInstance"),
        ["RerunOnFailure, stopped after it ran"] = (
            Situation(Vm("RerunOnFailure", Status("""{"runStrategy":"RerunOnFailure"}"""))), ""),
        ["RerunOnFailure, guest failed"] = (Situation(Vm("RerunOnFailure"), Vmi("Failed")), "DeleteInstance RequestStart"),
        ["RerunOnFailure, guest shut down"] = (Situation(Vm("RerunOnFailure"), Vmi("Succeeded")), "DeleteInstance"),
        ["RerunOnFailure, asked to stop"] = (
            Situation(Vm("RerunOnFailure", Requests("Stop")), Vmi("Running")), "DeleteInstance"),
        ["Once, new"] = (Situation(Vm("Once")), "CreateInstance"),
        ["Once, guest shut down"] = (Situation(Vm("Once"), Vmi("Succeeded")), ""),
        ["running: true"] = (Situation(Vm("Always", UseRunning(true))), "CreateInstance"),
        ["running: false"] = (Situation(Vm("Always", UseRunning(false)), Vmi("Running")), "DeleteInstance"),
        ["no finalizer yet"] = (
            Situation(Vm("Halted", vm => vm["metadata"]!.AsObject().Remove("finalizers"))), "AddFinalizer"),
        ["disks to be made"] = (Situation(Vm(changes: WithVolume)), "CreateVolume"),
        ["disks to be made, halted"] = (Situation(Vm("Halted", WithVolume)), "CreateVolume"),
        ["disks being filled"] = (Situation(Vm(changes: WithVolume), null, Volume("ImportInProgress")), ""),
        ["disks filled"] = (Situation(Vm(changes: WithVolume), null, Volume("Succeeded")), "CreateInstance"),
        ["disks wait for a consumer"] = (Situation(Vm(changes: WithVolume), null, Volume("WaitForFirstConsumer")), "CreateInstance"),
        ["a disk refused by a quota"] = (
            Situation(Vm(changes: WithVolume), null, Volume("Pending", Condition("Bound", false, "ErrExceededQuota"))), ""),
        ["deleted, running"] = (Situation(Vm(changes: Deleting), Vmi("Running")), "DeleteInstance"),
        ["deleted, stopping"] = (Situation(Vm(changes: Deleting), Vmi("Running", Deleting)), ""),
        ["deleted, VMI gone"] = (Situation(Vm(changes: Deleting)), "RemoveFinalizer"),
        ["deleted, VMI to be left alone"] = (Situation(Vm(changes: [Deleting, Orphan]), Vmi("Running")), "RemoveFinalizer"),
        ["another's VMI in the way"] = (Situation(Vm()) with { HasForeignVmi = true }, "FailedCreate"),
        ["instancetype missing"] = (
            Situation(Vm()) with { InstancetypeProblem = new SyncProblem("FailedFindInstancetype", "not found") },
            "FailedFindInstancetype"),
        ["a disk without its owner"] = (Situation(Vm(changes: WithVolume), null, Volume("Succeeded", Unowned)), "AdoptVolume CreateInstance"),
        ["a disk without its owner that goes"] = (Situation(Vm("Halted", WithVolume), null, Volume("Succeeded", Unowned, Deleting)), ""),
        ["a disk without its owner, of a VM that goes"] = (Situation(Vm("Halted", WithVolume, Deleting), null, Volume("Succeeded", Unowned)), "RemoveFinalizer"),
        ["a disk that was tidied away"] = (Situation(Vm(changes: WithVolume), null, Claim("Bound")), "CreateInstance"),
        ["unknown strategy"] = (Situation(Vm("Sometimes")), "FailedCreate"),
        ["unknown fault"] = (
            Situation(Vm(changes: vm => vm.MapAt("metadata").MapAt("annotations")["sandbox.ovim.io/fail"] = "meteor")),
            "UnknownSandboxFault"),
    };

    public static TheoryData<string> Names => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decision_follows_the_run_strategy(string name)
    {
        var (situation, expected) = Table[name];

        var decision = VmDecision.Of(situation);

        var words = decision.Actions.Select(action => action.GetType().Name).ToList();
        if (decision.Problem is { } problem) words.Add(problem.Reason);
        if (decision.CheckAgain is { } wait) words.Add($"wait {wait.TotalSeconds}");
        Assert.Equal(expected, string.Join(' ', words));
    }

    [Fact]
    public void Decision_names_a_quota_that_refuses_a_disk()
    {
        var volume = Volume("Pending");
        Conditions.Put(volume.MapAt("status"), Parse("""{"type":"Bound","status":"Unknown","reason":"ErrExceededQuota","message":"exceeded quota: vdc-quota"}"""));

        var problem = VmDecision.Of(Situation(Vm(changes: WithVolume), null, volume)).Problem;

        Assert.Equal("FailedCreate", problem?.Reason);
        Assert.Contains("web-root", problem?.Message, StringComparison.Ordinal);
        Assert.Contains("exceeded quota: vdc-quota", problem?.Message, StringComparison.Ordinal);
    }

    private static void Unowned(System.Text.Json.Nodes.JsonObject volume) => volume["metadata"]!.AsObject().Remove("ownerReferences");

    private static Action<System.Text.Json.Nodes.JsonObject> UseRunning(bool value) => vm =>
    {
        vm["spec"]!.AsObject().Remove("runStrategy");
        vm["spec"]!["running"] = value;
    };

    private static void Orphan(System.Text.Json.Nodes.JsonObject vm) =>
        vm["metadata"]!["finalizers"]!.AsArray().Add((System.Text.Json.Nodes.JsonNode)"orphan");
}
