using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>A good <c>create_vm</c> with some fields changed, and what is made of it.</summary>
internal static class Requests
{
    public static readonly OperationKey Key = new("ovim-op-0123456789abcdef0123456789abcdef");

    public static VirtualMachineRequest With(string fields)
    {
        var (request, errors) = Read(fields);
        Assert.Empty(errors);
        return request;
    }

    public static IReadOnlyList<string> ErrorsOf(string fields) => Read(fields).Errors;

    public static JsonNode SpecOf(string fields) => VirtualMachineManifest.Build(With(fields), Key)["spec"]!;

    public static JsonNode TemplateOf(string fields) => SpecOf(fields)["template"]!["spec"]!;

    public static IReadOnlyList<JsonObject> SecretsOf(string fields) => [.. GuestManifests.Secrets(With(fields), Key, "uid-of-the-vm")];

    public static void IsJson(string expected, JsonNode? actual)
    {
        if (!JsonNode.DeepEquals(JsonNode.Parse(expected), actual))
            Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual?.ToJsonString());
    }

    private static (VirtualMachineRequest Request, IReadOnlyList<string> Errors) Read(string fields)
    {
        var payload = JsonNode.Parse("""{"name":"web","namespace":"acme","image_url":"quay.io/disk:1","cpu":2,"memory":"4Gi"}""")!;
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject()) payload[name] = value?.DeepClone();
        var reader = new PayloadReader(JsonElement.Parse(payload.ToJsonString()));
        return (VirtualMachineRequest.Read(reader), reader.Errors);
    }
}
