using OvimSpokeAgent.Templates;

namespace OvimSpokeAgent.Tests.Templates;

public sealed class TemplateListTests
{
    private static readonly TemplateSet Nothing = TemplateSet.Empty;

    [Fact]
    public void Good_ones_of_a_thousand_are_taken_and_each_bad_one_is_told_why()
    {
        var list = TemplateWorld.List(Enumerable.Range(0, 1000).Select(i => TemplateWorld.Template($"t{i}", i % 20 == 0 ? ",\"cpu\":\"many\"" : "")));

        var read = TemplateList.Read(list, Nothing);

        Assert.Equal((950, 950, 0, 50), (read.Accepted, read.After.Count, read.Removed, read.Rejected.Count));
        Assert.All(read.Rejected, rejected => Assert.StartsWith("cpu: \"many\" is not", rejected.Reason, StringComparison.Ordinal));
        Assert.Equal("t20", read.Rejected[1].Name);
    }

    [Theory]
    [InlineData("5", "templates[0]", "a number of 1 bytes (not shown) is not an object")]
    [InlineData("null", "templates[0]", "null is not an object")]
    [InlineData("[]", "templates[0]", "an array of 2 bytes (not shown) is not an object")]
    [InlineData("{}", "templates[0]", "name: missing, expected a string")]
    [InlineData("""{"name":7}""", "templates[0]", "name: 7 is not a string")]
    [InlineData("""{"name":"Ubuntu 22"}""", "templates[0]", "name: \"Ubuntu 22\" is not a name of 1 to 63 letters")]
    [InlineData("""{"name":"a/../b"}""", "templates[0]", "name: \"a/../b\" is not a name")]
    [InlineData("""{"name":"\ud800"}""", "templates[0]", "name: \"\\ud800\" is not a string")]
    [InlineData("""{"name":"t","os_type":5}""", "t", "os_type: 5 is not a string")]
    [InlineData("""{"name":"t","metadata":[1]}""", "t", "metadata: [1] is not an object")]
    [InlineData("""{"name":"t","memory":"-1Gi","cpu":0}""", "t", "cpu: 0 is not a positive number of cores, or one as a quantity string such as \"2\"; memory: \"-1Gi\" is not")]
    [InlineData("""{"name":"t","cloud_init":{"password":"s3cr3t"}}""", "t", "cloud_init: an object of 21 bytes (not shown) is not a string")]
    [InlineData("""{"name":"t","image_url":"registry:port/image"}""", "t", "image_url: \"registry:port/image\" is not")]
    public void What_is_no_template_is_named_with_what_is_wrong(string item, string name, string reason)
    {
        var read = TemplateList.Read(TemplateWorld.List(item, TemplateWorld.Template("good")), Nothing);

        var rejected = Assert.Single(read.Rejected);
        Assert.Equal(name, rejected.Name);
        Assert.StartsWith(reason, rejected.Reason, StringComparison.Ordinal);
        Assert.Equal(["good"], read.After.All.Select(template => template.Name));
    }

    [Fact]
    public void Bad_one_leaves_the_good_one_from_before_and_what_is_not_listed_goes()
    {
        var before = Set(TemplateWorld.Template("a"), TemplateWorld.Template("b"), TemplateWorld.Template("c"));

        var read = TemplateList.Read(TemplateWorld.List(TemplateWorld.Template("a", ",\"cpu\":0"), TemplateWorld.Template("d")), before);

        Assert.Equal(["a", "d"], read.After.All.Select(template => template.Name));
        Assert.Equal(before.Find("a"), read.After.Find("a"));
        Assert.Equal((1, 2), (read.Accepted, read.Removed));
        Assert.EndsWith("; the one from before stays", Assert.Single(read.Rejected).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_of_a_name_the_first_that_is_well_formed_counts()
    {
        var before = Set(TemplateWorld.Template("a"));

        var read = TemplateList.Read(
            TemplateWorld.List(
                TemplateWorld.Template("a", ",\"cpu\":0"), TemplateWorld.Template("a", ",\"os_type\":\"first\""),
                TemplateWorld.Template("a", ",\"os_type\":\"second\"")),
            before);

        Assert.Equal("first", read.After.Find("a")!.Content.GetProperty("os_type").GetString());
        Assert.Equal((1, 0), (read.Accepted, read.Removed));
        Assert.Equal(2, read.Rejected.Count);
        Assert.DoesNotContain("stays", read.Rejected[0].Reason, StringComparison.Ordinal);
        Assert.Equal("name: a second template of this name, at templates[2]; the one at templates[1] counts", read.Rejected[1].Reason);
    }

    [Fact]
    public void Names_that_differ_by_case_are_two() =>
        Assert.Equal(2, TemplateList.Read(TemplateWorld.List(TemplateWorld.Template("a"), TemplateWorld.Template("A")), Nothing).After.Count);

    [Fact]
    public void No_more_than_two_thousand_are_kept()
    {
        var read = TemplateList.Read(TemplateWorld.List(Enumerable.Range(0, 2001).Select(i => TemplateWorld.Template($"t{i}"))), Nothing);

        Assert.Equal(2000, read.After.Count);
        Assert.Equal(("t2000", "there are 2000 templates already, the most that are kept"), (read.Rejected.Single().Name, read.Rejected.Single().Reason));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void One_has_at_most_32_KiB(int more, bool isTaken)
    {
        var rest = Template.MaxBytes - TemplateWorld.Template("t", ",\"description\":\"\"").Length;

        var read = TemplateList.Read(TemplateWorld.List(TemplateWorld.Template("t", $",\"description\":\"{new string('x', rest + more)}\"")), Nothing);

        Assert.Equal(isTaken ? 1 : 0, read.Accepted);
        if (!isTaken) Assert.Equal($"{Template.MaxBytes + 1} bytes are too many, expected at most {Template.MaxBytes}", read.Rejected.Single().Reason);
    }

    [Fact]
    public void All_together_have_at_most_8_MiB()
    {
        var large = $",\"description\":\"{new string('x', 32_000)}\"";

        var read = TemplateList.Read(TemplateWorld.List(Enumerable.Range(0, 300).Select(i => TemplateWorld.Template($"t{i}", large))), Nothing);

        Assert.InRange(read.After.All.Sum(template => template.Json.Length), (8 << 20) - (32 << 10), 8 << 20);
        Assert.All(read.Rejected, rejected => Assert.Equal("all templates together are over 8 MiB, the most that is kept", rejected.Reason));
        Assert.Equal(300, read.Accepted + read.Rejected.Count);
    }

    [Fact]
    public void Order_and_white_space_make_no_difference()
    {
        var one = Set("""{"name":"t","cpu":1,"labels":{"a":"1","b":"2"}}""");
        var other = Set("""{ "labels" : {"b":"2","a":"1"}, "cpu" : 1, "name" : "t" }""");

        Assert.True(one.IsSameAs(other));
        Assert.False(one.IsSameAs(Set("""{"name":"t","cpu":2,"labels":{"a":"1","b":"2"}}""")));
    }

    [Fact]
    public void Rejections_that_are_too_many_for_a_result_are_counted()
    {
        var read = TemplateList.Read(TemplateWorld.List(Enumerable.Range(0, 20_000).Select(i => TemplateWorld.Template($"t{i}", ",\"cpu\":\"" + new string('x', 100) + "\""))), Nothing);

        var told = RejectedTemplates.ForResult(read.Rejected);

        Assert.InRange(told.Count, 500, 5000);
        Assert.Equal($"and {20_000 - told.Count + 1} more that are not told", told[^1].Reason);
    }

    private static TemplateSet Set(params string[] templates) => TemplateList.Read(TemplateWorld.List(templates), Nothing).After;
}
