using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Templates;

/// <summary>What becomes of the values of a template's parameters that are secret.</summary>
public sealed class SecretParametersTests
{
    private const string Secrets = """{"SAS":"s3cr3t-sas","CODE":"k3h4"}""";

    [Theory]
    [InlineData(Secrets, true)]
    [InlineData("""{"CODE":"other"}""", false)]
    [InlineData("""["k3h4"]""", false)]
    public void Guest_data_with_such_a_value_goes_into_a_secret(string secrets, bool needsSecret)
    {
        var guest = Request(secrets).Guest;

        Assert.Equal((needsSecret, needsSecret), (guest.UserDataNeedsSecret, guest.NetworkDataNeedsSecret));
    }

    [Fact]
    public void Used_fields_do_not_show_them()
    {
        var used = UsedFields.Of(Request(Secrets));

        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""
                    {"cloud_init_type":"nocloud","cpu":2,"memory":"2Gi","image_url":"https://mirror.example/img?sig=(not shown)","storage":"9Gi",
                     "labels":{"site":"north","stage":"x-(not shown)"},"run":true}
                    """),
                JsonNode.Parse(used.GetRawText())),
            used.GetRawText());
    }

    [Theory]
    [InlineData("""{"OWN":"x"}""", """{"CODE":"k3h4","OWN":"x","SAS":"s3cr3t-sas"}""")]
    [InlineData("""{"CODE":"x"}""", Secrets)]
    [InlineData("\"x\"", Secrets)]
    [InlineData("null", Secrets)]
    public void Payload_cannot_take_them_from_its_template(string own, string expected)
    {
        var merged = TemplateMerge.Merge(
            JsonElement.Parse($$"""{"secret_parameters":{{own}}}"""), JsonElement.Parse($$"""{"secret_parameters":{{Secrets}}}""")).Json;

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(expected), merged.GetProperty("secret_parameters")), merged.GetRawText());
    }

    [Fact]
    public void Reason_in_the_listing_does_not_show_them()
    {
        const string Template = """
            {"metadata":{"name":"t"},"parameters":[{"name":"ACCESS_TOKEN","value":"top-hidden"}],
             "objects":[{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","spec":{"x-${ACCESS_TOKEN}":1}}]}
            """;

        var item = OpenShiftTemplateItem.Of(JsonSerializer.Deserialize(Template, TemplateJson.Default.OpenShiftTemplateObject)!);

        Assert.Equal("objects[0].spec.x-(not shown): create_vm has no word for it", item.Problem);
    }

    private static VirtualMachineRequest Request(string secrets)
    {
        var payload = new PayloadReader(JsonElement.Parse($$"""
            {"name":"web","namespace":"acme","cpu":2,"memory":"2Gi","image_url":"https://mirror.example/img?sig=s3cr3t-sas","storage":"9Gi",
             "labels":{"site":"north","stage":"x-k3h4","k3h4":"y"},"cloud_init":"#cloud-config\nruncmd: [[/opt/join, k3h4]]\n","cloud_init_type":"nocloud",
             "network_data":"version: 2 # k3h4\n","secret_parameters":{{secrets}}}
            """));
        var request = VirtualMachineRequest.Read(payload);
        Assert.Empty(payload.Errors);
        return request;
    }
}
