using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;
using static OvimSpokeAgent.Sandbox.Tests.KubeVirt.TestObjects;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

public sealed class VmStatusTests
{
    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 40)]
    [InlineData(3, 90)]
    [InlineData(5, 250)]
    [InlineData(6, 300)]
    [InlineData(1000, 300)]
    public void Backoff_grows_with_the_square_up_to_five_minutes(int failures, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), VmStatus.Backoff(failures));

    [Fact]
    public void A_failed_start_counts_once_for_each_VMI()
    {
        var first = Of(Situation(Vm(), Vmi("Failed")));
        var again = Of(Situation(Vm(changes: Status(first)), Vmi("Failed")));
        var next = Of(Situation(Vm(changes: Status(first)), Vmi("Failed", vmi => vmi["metadata"]!["uid"] = "another")));

        Assert.Equal(1, Parse(first).Number("startFailure", "consecutiveFailCount"));
        Assert.Equal(first, again);
        Assert.Equal(2, Parse(next).Number("startFailure", "consecutiveFailCount"));
    }

    [Fact]
    public void A_guest_that_ran_ends_the_count()
    {
        var failed = Of(Situation(Vm(), Vmi("Failed")));

        Assert.Null(Parse(Of(Situation(Vm(changes: Status(failed)), Vmi("Running")))).At("startFailure"));
    }

    [Theory]
    [InlineData("Stop Start", null, "Start")]
    [InlineData("Stop Start", "Running", "Stop Start")]
    [InlineData("Start", "Running", "")]
    [InlineData("Start", "Succeeded", "Start")]
    [InlineData("Start", null, "Start")]
    public void A_request_stays_until_it_is_done(string requests, string? phase, string left)
    {
        var vm = Vm("Manual", Requests(requests.Split(' ')));

        var status = Parse(Of(Situation(vm, phase is null ? null : Vmi(phase))));

        Assert.Equal(left, string.Join(' ', status.Objects("stateChangeRequests").Select(request => request.Text("action"))));
    }

    [Fact]
    public void Conditions_come_from_the_VMI_and_go_with_it_and_fields_of_others_stay()
    {
        var vm = Vm(changes: Status("""{"snapshotInProgress":"nightly"}"""));
        var blocked = Of(Situation(vm, Vmi("Pending", Condition("Synchronized", false, "FailedCreate"))));
        var running = Parse(Of(Situation(Vm(changes: Status(blocked)), Vmi("Running", Condition("Ready", true)))));

        Assert.True(Conditions.Has(Parse(blocked), "Synchronized", false, "FailedCreate"));
        Assert.Null(Conditions.Find(running, "Synchronized"));
        Assert.True(running.IsTrue("ready"));
        Assert.Equal("nightly", running.Text("snapshotInProgress"));
    }

    [Fact]
    public void A_status_that_is_right_is_left_as_it_is()
    {
        var situation = Situation(Vm(), Vmi("Running", Condition("Ready", true)));
        var once = Of(situation);

        var again = Of(situation with { Vm = Vm(changes: Status(once)), Now = Now.AddMinutes(5) });

        Assert.Equal(once, again);
    }

    private static string Of(VmSituation situation) =>
        VmStatus.Of(situation, boots: false, situation.InstancetypeProblem, changedTemplate: false).ToJsonString();
}
