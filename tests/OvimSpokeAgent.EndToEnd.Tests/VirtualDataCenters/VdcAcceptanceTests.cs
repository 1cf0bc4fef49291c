using System.Text.Json.Nodes;
using CsCheck;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Tests.VirtualDataCenters;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>Random declarations: the server accepts what becomes of them, or the error names the field.</summary>
public sealed class VdcAcceptanceTests(Clusters clusters) : IClassFixture<Clusters>
{
    private static readonly int Samples = Amounts.Of(20, 60);

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Random_declaration_is_accepted_by_the_server_or_refused_by_its_field(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var payloads = await SamplesAsync();
        var vdcs = payloads.Select(payload =>
        {
            var ns = world.NewVdc("random");
            return (Namespace: ns, Payload: payload, Id: world.Queues("create_vdc", ns, payload.ToJsonString()));
        }).ToList();

        var made = 0;
        foreach (var (ns, payload, id) in vdcs)
        {
            var result = await world.Environment.ResultOfAsync(id);
            if ((string?)result["status"] == "completed")
            {
                made++;
                continue;
            }
            var fields = payload.Select(field => field.Key).Append("custom_network_config");
            Assert.True(
                fields.Any(field => ((string)result["error"]!).StartsWith(field, StringComparison.Ordinal)),
                $"{payload.ToJsonString()}: {result["error"]}");
            Assert.Null(await world.Admin.FindAsync($"api/v1/namespaces/{ns}"));
        }
        Assert.InRange(made, Samples / 4, Samples - 1);
    }

    // Half of them valid, half with some fields that may be anything.
    private static async Task<IReadOnlyList<JsonObject>> SamplesAsync()
    {
        var samples = new List<JsonObject>();
        await Gen.Frequency((1, Payloads.Valid), (1, Payloads.Any)).SampleAsync(
            payload =>
            {
                lock (samples) samples.Add((JsonObject)payload.DeepClone());
                return Task.CompletedTask;
            },
            iter: Samples, threads: 1);
        return samples;
    }
}
