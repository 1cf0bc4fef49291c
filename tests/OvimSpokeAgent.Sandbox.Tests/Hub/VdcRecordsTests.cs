using System.Text.Json.Nodes;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tests.Hub;

/// <summary>The hub tells what a result is of by its id and its keys alone.</summary>
public sealed class VdcRecordsTests
{
    private readonly VdcRecords _records = new();

    public VdcRecordsTests() => _records.TryAdd(new HubVdc { Name = "team", ZoneId = "z", Declared = [], OperationId = "op-1" });

    [Fact]
    public void A_result_with_a_namespace_makes_the_VDC_active()
    {
        Takes("op-1", """{"status":"completed","result":{"namespace":"vdc-team","status":"Active"}}""");

        Assert.Equal(HubVdcPhase.Active, _records.Find("team")!.Phase);
    }

    [Fact]
    public void A_failed_creation_leaves_its_reason_only_with_a_namespace()
    {
        Takes("op-1", """{"status":"failed","error":"no room","result":{}}""");
        Assert.Null(_records.Find("team")!.Problem);

        Takes("op-1", """{"status":"failed","error":"no room","result":{"namespace":"vdc-team"}}""");
        Assert.Equal((HubVdcPhase.Creating, "no room"), (_records.Find("team")!.Phase, _records.Find("team")!.Problem));
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("deleted_with_warnings")]
    public void A_deletion_is_over_with_just_these_words(string word)
    {
        _records.Deletes("team", "op-2");
        Takes("op-2", """{"status":"completed","result":{"status":"gone"}}""");
        Takes("op-3", $$$"""{"status":"completed","result":{"status":"{{{word}}}"}}""");
        Takes("op-2", $$$"""{"status":"failed","result":{"status":"{{{word}}}"}}""");
        Assert.Equal(HubVdcPhase.Deleting, _records.Find("team")!.Phase);

        Takes("op-2", $$$"""{"status":"completed","result":{"status":"{{{word}}}"}}""");

        Assert.Null(_records.Find("team"));
    }

    [Fact]
    public void A_deletion_with_a_namespace_is_taken_for_a_creation()
    {
        _records.Deletes("team", "op-2");

        Takes("op-2", """{"status":"completed","result":{"status":"deleted","namespace":"vdc-team"}}""");

        Assert.Equal(HubVdcPhase.Active, _records.Find("team")!.Phase);
    }

    [Fact]
    public void A_deleted_VM_whose_id_is_a_VDCs_and_without_a_namespace_takes_the_VDC_away()
    {
        Takes("op-1", """{"status":"completed","result":{"status":"deleted","name":"web"}}""");

        Assert.Null(_records.Find("team"));
    }

    [Fact]
    public void Of_two_deletions_with_one_id_only_the_last_is_known()
    {
        _records.TryAdd(new HubVdc { Name = "other", ZoneId = "z", Declared = [], OperationId = "op-1" });
        _records.Deletes("team", "op-2");
        _records.Deletes("other", "op-2");

        Takes("op-2", """{"status":"completed","result":{"status":"deleted"}}""");
        Takes("op-2", """{"status":"completed","result":{"status":"deleted"}}""");

        Assert.Equal(["team"], _records.All.Select(vdc => vdc.Name));
    }

    private void Takes(string id, string result) => _records.Take(id, JsonNode.Parse(result)!.AsObject());
}
