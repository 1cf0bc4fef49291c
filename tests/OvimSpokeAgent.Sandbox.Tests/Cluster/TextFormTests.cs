using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.Cluster;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

/// <summary>Texts that the server reads: quantities, selectors, YAML, protobuf, JSON paths, versions.</summary>
public sealed class TextFormTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("1000m", "1")]
    [InlineData("0.5", "500m")]
    [InlineData(".5", "500m")]
    [InlineData("5.", "5")]
    [InlineData("1000", "1k")]
    [InlineData("1024", "1024")]
    [InlineData("1024Ki", "1Mi")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("0.5Ki", "512")]
    [InlineData("-2000m", "-2")]
    [InlineData("1500M", "1500M")]
    [InlineData("2000M", "2G")]
    [InlineData("1e3", "1e3")]
    [InlineData("100n", "100n")]
    [InlineData("0.1n", "1n")]
    [InlineData("abc", null)]
    [InlineData("1 Gi", null)]
    [InlineData("1gi", null)]
    [InlineData("", null)]
    [InlineData("1Mi2", null)]
    public void Quantities_have_one_form(string text, string? canonical) => Assert.Equal(canonical, QuantityText.Canonical(text));

    [Theory]
    [InlineData("a=1", true)]
    [InlineData("a==1,b!=3", true)]
    [InlineData("a in (0, 1),b notin (x)", true)]
    [InlineData("a,!c", true)]
    [InlineData("c!=1", true)]
    [InlineData("c notin (1)", true)]
    [InlineData("e=", true)]
    [InlineData("a=2", false)]
    [InlineData("c", false)]
    [InlineData("!a", false)]
    [InlineData("c in (1)", false)]
    [InlineData("e=,a=2", false)]
    public void Selectors_match_labels(string selector, bool isMatch)
    {
        var content = JsonNode.Parse("""{"metadata":{"labels":{"a":"1","b":"2","e":""}}}""")!.AsObject();

        Assert.Equal(isMatch, LabelSelector.Parse(selector).Matches(content));
        Assert.True(LabelSelector.Parse("").Matches(content));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("=1")]
    [InlineData("a in 1")]
    [InlineData("a in (1")]
    [InlineData("a,,b")]
    [InlineData("a=1,")]
    [InlineData("a!b")]
    public void Malformed_selectors_are_refused(string selector)
    {
        var error = Assert.Throws<ApiException>(() => LabelSelector.Parse(selector));

        Assert.Equal(400, error.Code);
    }

    [Fact]
    public void YAML_is_read_as_Kubernetes_does()
    {
        var json = YamlText.Parse("""
            text: plain
            quoted: "1"
            number: 1
            negative: -2
            decimal: 0.5
            flag: true
            nothing: null
            empty:
            version: 1.2.3
            list: [a, 1, {b: c}]
            block: |
              line
            """);

        Assert.Equal(
            """
            {"text":"plain","quoted":"1","number":1,"negative":-2,"decimal":0.5,"flag":true,"nothing":null,"empty":null,"version":"1.2.3","list":["a",1,{"b":"c"}],"block":"line"}
            """,
            json!.ToJsonString());
    }

    [Theory]
    [InlineData(".status.phase", "Running")]
    [InlineData(".status.conditions[?(@.type=='Ready')].status", "True")]
    [InlineData(".status.conditions[?(@.type==\"Other\")].status", null)]
    [InlineData(".status.conditions[1].type", "Paused")]
    [InlineData(".status.conditions[7].type", null)]
    [InlineData(".metadata.annotations.ovim\\.io/x", "y")]
    public void JSON_paths_of_columns_find_values(string path, string? value)
    {
        var content = JsonNode.Parse("""
            {"metadata":{"annotations":{"ovim.io/x":"y"}},
             "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"},{"type":"Paused"}]}}
            """);

        Assert.Equal(value, (string?)SimpleJsonPath.Evaluate(content, path));
    }

    [Fact]
    public void Versions_are_ordered_by_maturity()
    {
        string[] versions = ["v1alpha1", "v10", "v1", "foo", "v2beta1", "v1beta2", "v2"];

        Assert.Equal(
            ["v10", "v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "foo"],
            versions.OrderDescending(VersionPriority.Comparer));
    }

    [Fact]
    public void Broken_protobuf_is_refused_and_never_read_past_its_end()
    {
        // apiVersion v1, kind Namespace, then an object with a name.
        byte[] whole = [.. "k8s\0"u8, 10, 15, 10, 2, .. "v1"u8, 18, 9, .. "Namespace"u8, 18, 7, 10, 5, 10, 3, .. "abc"u8];
        Assert.Equal("""{"metadata":{"name":"abc"},"kind":"Namespace","apiVersion":"v1"}""", ProtobufBody.Parse(whole)!.ToJsonString());
        var random = new Random(1);

        for (var i = 0; i < 2000; i++)
        {
            var broken = whole.ToArray();
            broken[random.Next(4, broken.Length)] = (byte)random.Next(256);
            try
            {
                ProtobufBody.Parse(broken.AsSpan(0, random.Next(broken.Length + 1)));
            }
            catch (InvalidDataException e)
            {
                Assert.NotEmpty(e.Message);
            }
        }
        Assert.Throws<InvalidDataException>(() => ProtobufBody.Parse(Encoding.UTF8.GetBytes("{}")));
        Assert.Throws<InvalidDataException>(() => ProtobufBody.Parse(whole.AsSpan(0, whole.Length - 1)));
    }
}
