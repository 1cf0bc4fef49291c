using System.Text.Json;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class SecretFieldsTests
{
    private const string Canary = "c4n4rybird";

    [Theory]
    [InlineData("cloud_init")]
    [InlineData("Cloud_Init")]
    [InlineData("ssh_keys")]
    [InlineData("ssh_keys[3]")]
    [InlineData("templates[1].cloud_init")]
    [InlineData("annotations[\"note\"]")]
    [InlineData("root_password")]
    [InlineData("api_token")]
    public void Field_that_may_hold_secrets_is_one(string field) => Assert.True(SecretFields.Contains(field));

    [Theory]
    [InlineData("name")]
    [InlineData("labels[\"tier\"]")]
    [InlineData("quota.cpu")]
    [InlineData("custom_network_config.allow_egress_to_ports[0]")]
    public void Other_fields_are_none(string field) => Assert.False(SecretFields.Contains(field));

    [Theory]
    [InlineData($$"""{"a":"{{Canary}}"}""", "an object of 18 bytes (not shown) is not a string")]
    [InlineData($$"""["{{Canary}}"]""", "an array of 14 bytes (not shown) is not a string")]
    [InlineData("98127364598", "a number of 11 bytes (not shown) is not a string")]
    [InlineData("true", "a boolean is not a string")]
    public void Of_its_value_only_kind_and_size_are_told(string value, string error)
    {
        var reader = new PayloadReader(JsonElement.Parse($$"""{"cloud_init":{{value}}}"""));

        reader.OptionalString("cloud_init");

        Assert.Equal([$"cloud_init: {error}"], reader.Errors);
    }

    [Theory]
    [InlineData($"\"{Canary}\"", "payload: a string of 12 bytes (not shown) is not an object")]
    [InlineData($"[\"{Canary}\"]", "payload: an array of 14 bytes (not shown) is not an object")]
    public void Payload_that_is_none_is_not_shown(string payload, string error) =>
        Assert.Equal([error], new PayloadReader(JsonElement.Parse(payload)).Errors);

    [Fact]
    public void Value_of_an_annotation_is_not_shown_and_that_of_a_label_is()
    {
        var reader = new PayloadReader(JsonElement.Parse(
            $$$"""{"annotations":{"note":{"a":"{{{Canary}}}"}},"labels":{"tier":["front"]}}"""));

        reader.Annotations();
        reader.Labels();

        Assert.Equal(
            ["annotations[\"note\"]: an object of 18 bytes (not shown) is not a string", "labels[\"tier\"]: [\"front\"] is not a string"],
            reader.Errors);
    }

    [Fact]
    public void Credentials_in_a_url_are_not_shown()
    {
        var reader = new PayloadReader(JsonElement.Parse("""{"image_url":["https://me:c4n4rybird@registry.example/disk"]}"""));

        reader.OptionalString("image_url");

        Assert.Equal(["image_url: [\"https://…@registry.example/disk\"] is not a string"], reader.Errors);
    }
}
