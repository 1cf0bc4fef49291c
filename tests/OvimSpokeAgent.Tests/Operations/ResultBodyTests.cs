using System.Text.Json;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class ResultBodyTests
{
    [Theory]
    [InlineData("create_vdc", """{"target_namespace":"acme","quota":5}""", "acme")]
    [InlineData("create_vdc", """{"\ud800":1,"target_namespace":"acme"}""", "acme")]
    [InlineData("create_vdc", """{"target_namespace":"\ud800"}""", null)]
    [InlineData("create_vdc", """{"target_namespace":7}""", null)]
    [InlineData("create_vdc", "{}", null)]
    [InlineData("update_vdc", """{"target_namespace":"acme"}""", null)]
    [InlineData("delete_vdc", """{"target_namespace":"acme"}""", null)]
    public void Failure_names_the_namespace_of_a_vdc_that_was_to_be_created_and_of_no_other(string type, string payload, string? ns)
    {
        var operation = new Operation
        {
            Id = "op-1",
            Type = type,
            Key = new OperationKey("ovim-op-1"),
            Timestamp = DateTimeOffset.UnixEpoch,
            Payload = JsonElement.Parse(payload),
        };

        var body = ResultBody.Of(
            operation, OperationOutcome.Failed("no"), "completed", DateTimeOffset.UnixEpoch, TimeSpan.Zero, isStored: true);

        using var result = JsonDocument.Parse(body);
        Assert.Equal("failed", result.RootElement.GetProperty("status").GetString());
        Assert.Equal(ns is not null, result.RootElement.TryGetProperty("result", out var shown) && shown.ValueKind is JsonValueKind.Object);
        if (ns is not null) Assert.Equal(ns, shown.GetProperty("namespace").GetString());
    }
}
