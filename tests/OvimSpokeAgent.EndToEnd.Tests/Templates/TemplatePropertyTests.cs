using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.VirtualMachines;
using Xunit.Abstractions;

namespace OvimSpokeAgent.EndToEnd.Tests.Templates;

/// <summary>Every template that is accepted, with every payload that is, gives a VM that the API server accepts, field by field.</summary>
public sealed class TemplatePropertyTests(Clusters clusters, ITestOutputHelper output) : IClassFixture<Clusters>
{
    private const int Pairs = 900;

    [Theory]
    [MemberData(nameof(GeneratedRuns.Seeds), MemberType = typeof(GeneratedRuns), DisableDiscoveryEnumeration = true)]
    public Task Accepted_template_and_payload_give_a_vm_that_the_sandbox_accepts(int seed) => AreAcceptedAsync(ClusterKind.Sandbox, seed);

    [Theory, SeedsOnRealApiServer]
    public Task Accepted_template_and_payload_give_a_vm_that_a_real_api_server_accepts(int seed) => AreAcceptedAsync(ClusterKind.RealApiServer, seed);

    private async Task AreAcceptedAsync(ClusterKind kind, int seed)
    {
        await using var environment = await clusters.OnAsync(kind);
        var (ns, admin) = (environment.Namespace, environment.Cluster.Admin);
        await admin.CreateAsync($"apis/instancetype.kubevirt.io/v1beta1/namespaces/{ns}/virtualmachineinstancetypes", new JsonObject
        {
            ["apiVersion"] = "instancetype.kubevirt.io/v1beta1",
            ["kind"] = "VirtualMachineInstancetype",
            ["metadata"] = new JsonObject { ["name"] = "u1", ["namespace"] = ns },
            ["spec"] = new JsonObject { ["cpu"] = new JsonObject { ["guest"] = 1 }, ["memory"] = new JsonObject { ["guest"] = "1Gi" } },
        });
        var generator = new TemplateGenerator(new Random(seed));
        var (templates, vms, ofOpenShift) = (0, 0, 0);

        for (var i = 0; i < Pairs; i++)
        {
            var template = generator.Template($"t{i}");
            if (Template.Read(Element(template)).Template is not { } accepted) continue;
            templates++;
            var payload = generator.Payload(i % 10 == 0 ? $"vm-{i}.{new string('x', 40)}" : $"vm-{i}", ns, accepted.Name);
            var merged = TemplateMerge.Merge(Element(payload), accepted.Content);
            var reader = new PayloadReader(merged.Json);
            var request = VirtualMachineRequest.Read(reader) with { Template = accepted.Name };
            if (reader.Errors.Count > 0) continue;
            vms++;
            var vm = VirtualMachineManifest.Build(request, new OperationKey($"ovim-op-{i:x40}"));
            if (i % 2 == 0 && OfOpenShift(vm, payload) is { } again) (vm, ofOpenShift) = (again, ofOpenShift + 1);
            var (status, body) = await admin.TryChangeAsync(
                HttpMethod.Post, $"{TestClusterExtensions.VmsOf(ns)}?dryRun=All&fieldValidation=Strict", vm, "application/json");
            Assert.True(
                status is HttpStatusCode.Created,
                $"seed {seed} ({GeneratedRuns.SeedVariable} runs it again): {template.ToJsonString()} with {payload.ToJsonString()}: {body}");
        }

        output.WriteLine($"seed {seed}: {templates} of {Pairs} templates are accepted, {vms} VMs made from them, {ofOpenShift} by way of a Template of OpenShift");
        Assert.InRange(ofOpenShift, 5, vms);
        Assert.InRange(templates, Pairs / 10, Pairs - 20);
        Assert.InRange(vms, Pairs / 20, templates - 1);
    }

    // The same VM as a Template of OpenShift holds it, made into a VM once more; null: it has what such a template may not have.
    private static JsonObject? OfOpenShift(JsonObject vm, JsonObject payload)
    {
        var machine = vm.DeepClone().AsObject();
        machine["metadata"]!["name"] = "${NAME}";
        var template = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "t" },
            ["objects"] = new JsonArray(machine),
            ["parameters"] = new JsonArray(new JsonObject { ["name"] = "NAME", ["required"] = true }),
        };
        var (read, _) = OpenShiftTemplate.Of(
            JsonSerializer.Deserialize(template.ToJsonString(), TemplateJson.Default.OpenShiftTemplateObject)!,
            JsonElement.Parse("{}"),
            (string)payload["name"]!,
            OpenShiftTemplateItem.Expression);
        if (read?.Read(source => $"pvc:{source}").Parts is not { } parts) return null;
        var bare = new JsonObject { ["name"] = payload["name"]!.DeepClone(), ["namespace"] = payload["namespace"]!.DeepClone() };
        var reader = new PayloadReader(TemplateMerge.Merge(Element(bare), parts.Content).Json);
        var request = VirtualMachineRequest.Read(reader) with { Template = "t", Carried = parts.Carried };
        return reader.Errors.Count == 0 ? VirtualMachineManifest.Build(request, new OperationKey($"ovim-op-{1:x40}")) : null;
    }

    private static JsonElement Element(JsonObject json) => JsonElement.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
