using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.KubeVirt;
using static OvimSpokeAgent.Sandbox.Tests.KubeVirt.TestObjects;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

public sealed class VolumeStepTests
{
    [Theory]
    [InlineData("registry", "Pending ImportScheduled ImportInProgress ImportInProgress ImportInProgress Succeeded")]
    [InlineData("pvc", "Pending CloneScheduled CloneInProgress CloneInProgress CloneInProgress Succeeded")]
    [InlineData("blank", "Pending Succeeded")]
    [InlineData("upload", "Pending UploadScheduled UploadReady")]
    public void A_volume_is_filled_as_its_source_asks(string source, string expected)
    {
        var volume = Volume("", item => item["spec"]!["source"] = new JsonObject { [source] = new JsonObject() });
        JsonObject? claim = null;
        List<string?> phases = [];

        while (VolumeStep.Of(SituationOf(volume, claim)) is var step && step != new VolumeStep())
        {
            if (step.CreateClaim) claim = VolumeStep.ClaimOf(volume);
            if (step.BindClaim) claim = VolumeStep.Bound(claim!);
            if (step.Status is null) continue;
            volume["status"] = step.Status;
            phases.Add(step.Status.Text("phase"));
        }

        Assert.Equal(expected, string.Join(' ', phases));
        Assert.Equal("Bound", claim.Text("status", "phase"));
        Assert.Equal("20Gi", claim.Text("status", "capacity", "storage"));
    }

    [Fact]
    public void Progress_grows()
    {
        var volume = Volume("ImportScheduled");
        List<string?> progress = [];

        while (volume.Text("status", "phase") != "Succeeded")
        {
            volume["status"] = VolumeStep.Of(SituationOf(volume, Claim("Bound"))).Status;
            progress.Add(volume.Text("status", "progress"));
        }

        Assert.Equal(["0.00%", "33.30%", "66.60%", "100.0%"], progress);
    }

    [Fact]
    public void An_import_that_stalls_stays_at_a_third()
    {
        var volume = Volume("ImportInProgress", Status("""{"phase":"ImportInProgress","progress":"33.30%"}"""));

        Assert.Equal(new VolumeStep(), VolumeStep.Of(SituationOf(volume, Claim("Bound")) with { Stalls = true }));
        Assert.NotNull(VolumeStep.Of(SituationOf(volume, Claim("Bound"))).Status);
    }

    [Fact]
    public void A_volume_that_is_filled_is_tidied_away_where_it_asks_for_that()
    {
        Assert.Equal(new VolumeStep(), VolumeStep.Of(SituationOf(Volume("Succeeded"), Claim("Bound"))));
        Assert.Equal(new VolumeStep(Tidy: true), VolumeStep.Of(SituationOf(
            Volume("Succeeded", item => item["metadata"]!["annotations"] = new JsonObject { ["cdi.kubevirt.io/storage.deleteAfterCompletion"] = "true" }), Claim("Bound"))));
    }

    [Fact]
    public void A_step_takes_its_time()
    {
        var step = VolumeStep.Of(SituationOf(Volume("ImportScheduled"), Claim("Bound")) with { Since = Now.AddSeconds(-1) });

        Assert.Equal(new VolumeStep(CheckAgain: TimeSpan.FromSeconds(1)), step);
    }

    [Fact]
    public void An_import_that_fails_stays_in_progress_and_says_why()
    {
        var situation = SituationOf(Volume("ImportInProgress"), Claim("Bound")) with { Fails = true };

        var status = VolumeStep.Of(situation).Status;

        Assert.Equal("ImportInProgress", status.Text("phase"));
        Assert.True(Conditions.Has(status, "Running", false, "Error"));
        var again = SituationOf(Volume("ImportInProgress", volume => volume["status"] = status!.DeepClone()), Claim("Bound"));
        Assert.Equal(new VolumeStep(), VolumeStep.Of(again with { Fails = true }));
        Assert.Equal("33.30%", VolumeStep.Of(again).Status.Text("progress"));
    }

    [Fact]
    public void A_claim_that_a_quota_refuses_is_told_in_the_condition()
    {
        var status = VolumeStep.Of(SituationOf(Volume("Pending"), null) with { ClaimRefused = "exceeded quota: vdc-quota" }).Status;

        Assert.Equal("Pending", status.Text("phase"));
        Assert.Equal("exceeded quota: vdc-quota", Disks.QuotaProblem(new JsonObject { ["status"] = status }));
    }

    private static VolumeSituation SituationOf(JsonObject volume, JsonObject? claim) => new()
    {
        Volume = volume,
        Claim = claim,
        Now = Now,
        Since = Now.AddSeconds(-2),
        StepDelay = TimeSpan.FromSeconds(2),
    };
}
