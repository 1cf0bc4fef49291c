using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

public sealed class PatchTests
{
    [Theory]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b","value":[1]}]""", """{"a":1,"b":[1]}""")]
    [InlineData("""{"a":[1,3]}""", """[{"op":"add","path":"/a/1","value":2}]""", """{"a":[1,2,3]}""")]
    [InlineData("""{"a":[1]}""", """[{"op":"add","path":"/a/-","value":2}]""", """{"a":[1,2]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"remove","path":"/a/0"}]""", """{"a":[2]}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"replace","path":"/a/b","value":null}]""", """{"a":{"b":null}}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"replace","path":"/a/1","value":9}]""", """{"a":[1,9]}""")]
    [InlineData("""{"a":1}""", """[{"op":"move","from":"/a","path":"/b"}]""", """{"b":1}""")]
    [InlineData("""{"a":{"x":1}}""", """[{"op":"copy","from":"/a","path":"/b"}]""", """{"a":{"x":1},"b":{"x":1}}""")]
    [InlineData("""{"a/b":1,"c~d":2}""", """[{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/c~0d"}]""", "{}")]
    [InlineData("""{"a":1}""", """[{"op":"test","path":"/a","value":1.0},{"op":"add","path":"/a","value":2}]""", """{"a":2}""")]
    [InlineData("""{"a":1}""", """[{"op":"replace","path":"","value":{"b":2}}]""", """{"b":2}""")]
    [InlineData("""{"":1}""", """[{"op":"remove","path":"/"}]""", "{}")]
    public void A_JSON_patch_does_what_it_says(string target, string patch, string expected)
    {
        var result = JsonPatch.Apply(Node(target), Node(patch).AsArray());

        Assert.Equal(expected, result!.ToJsonString());
    }

    [Theory]
    [InlineData("""[{"op":"remove","path":"/nope"}]""")]
    [InlineData("""[{"op":"replace","path":"/nope","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/nope/deep","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/list/7","value":1}]""")]
    [InlineData("""[{"op":"remove","path":"/list/-"}]""")]
    [InlineData("""[{"op":"remove","path":"/list/01x"}]""")]
    [InlineData("""[{"op":"test","path":"/list","value":[]}]""")]
    [InlineData("""[{"op":"add","path":"/a"}]""")]
    [InlineData("""[{"op":"grow","path":"/a","value":1}]""")]
    [InlineData("""[{"op":"add","path":"a","value":1}]""")]
    [InlineData("""[{"op":"move","path":"/a"}]""")]
    [InlineData("[1]")]
    public void A_JSON_patch_that_does_not_fit_changes_nothing(string patch)
    {
        var target = Node("""{"list":[1]}""");

        Assert.Throws<JsonPatchException>(() => JsonPatch.Apply(target, Node(patch).AsArray()));

        Assert.Equal("""{"list":[1]}""", target.ToJsonString());
    }

    [Theory]
    [InlineData("""{"a":1,"b":2}""", """{"a":null,"c":{"d":null,"e":1}}""", """{"b":2,"c":{"e":1}}""")]
    [InlineData("""{"a":{"x":1,"y":2}}""", """{"a":{"x":9}}""", """{"a":{"x":9,"y":2}}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[3]}""", """{"a":[3]}""")]
    [InlineData("""{"a":"text"}""", """{"a":{"b":1}}""", """{"a":{"b":1}}""")]
    public void A_merge_patch_does_what_it_says(string target, string patch, string expected)
    {
        var result = MergePatch.Apply(Node(target).AsObject(), Node(patch).AsObject());

        Assert.Equal(expected, result.ToJsonString());
    }

    [Theory]
    [InlineData("""{"containers":[{"name":"b","$patch":"delete"}]}""", """[{"name":"a","image":"1","env":[{"name":"X"}]}]""")]
    [InlineData("""{"containers":[{"name":"c"},{"$patch":"replace"}]}""", """[{"name":"c"}]""")]
    [InlineData("""{"containers":[{"name":"a","env":[{"name":"X","$patch":"delete"}]}]}""", """[{"name":"a","image":"1","env":[]},{"name":"b"}]""")]
    [InlineData("""{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"2"}]}""", """[{"name":"b"},{"name":"a","image":"2","env":[{"name":"X"}]}]""")]
    [InlineData("""{"$setElementOrder/containers":[{"name":"a"},{"name":"n"},{"name":"b"}],"containers":[{"name":"n"}]}""", """[{"name":"a","image":"1","env":[{"name":"X"}]},{"name":"n"},{"name":"b"}]""")]
    [InlineData("""{"containers":[{"name":"a","$retainKeys":["name"]}]}""", """[{"name":"a"},{"name":"b"}]""")]
    public void A_strategic_merge_patch_follows_its_directives(string spec, string expected)
    {
        var pods = BuiltInKinds.All.Single(kind => kind.Plural == "pods");
        var target = Node("""{"spec":{"containers":[{"name":"a","image":"1","env":[{"name":"X"}]},{"name":"b"}]}}""").AsObject();

        var result = StrategicMergePatch.Apply(target, new JsonObject { ["spec"] = Node(spec) }, FieldSchema.Of(pods));

        Assert.Equal(expected, result["spec"]!["containers"]!.ToJsonString());
    }

    private static JsonNode Node(string json) => JsonNode.Parse(json)!;
}
