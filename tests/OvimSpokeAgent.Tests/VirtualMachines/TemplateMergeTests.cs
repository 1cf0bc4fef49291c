using System.Text.Json;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class TemplateMergeTests
{
    [Theory]
    [InlineData("""{"name":"web"}""", """{"name":"t","cpu":2}""", """{"cpu":2,"name":"web"}""")]
    [InlineData("""{"cpu":4}""", """{"cpu":2,"memory":1}""", """{"cpu":4,"memory":1}""")]
    [InlineData("""{"cpu":null,"cloud_init":""}""", """{"cpu":2,"cloud_init":"#"}""", """{"cloud_init":"#","cpu":2}""")]
    // What a template says of itself is not the VM's, fields of later versions are.
    [InlineData("{}", """{"name":"t","namespace":"n","display_name":"d","description":"e","os_type":"o","os_version":"1","metadata":{"a":1},"template":"x","template_name":"y","new":[1]}""", """{"new":[1]}""")]
    // Two names of one field.
    [InlineData("""{"disk_size":5}""", """{"storage":9}""", """{"disk_size":5}""")]
    [InlineData("""{"storage":5}""", """{"disk_size":9}""", """{"storage":5}""")]
    [InlineData("""{"storage":""}""", """{"disk_size":9}""", """{"disk_size":9,"storage":""}""")]
    // Two choices in one matter.
    [InlineData("""{"instancetype":"u1"}""", """{"cpu":2,"memory":1,"preference":"p"}""", """{"instancetype":"u1","preference":"p"}""")]
    [InlineData("""{"cpu":4,"memory":2}""", """{"instancetype":"u1"}""", """{"cpu":4,"memory":2}""")]
    [InlineData("""{"memory":2}""", """{"instancetype":"u1"}""", """{"memory":2}""")]
    [InlineData("""{"run":false}""", """{"run_strategy":"Always"}""", """{"run":false}""")]
    [InlineData("""{"run_strategy":"Manual"}""", """{"run":false}""", """{"run_strategy":"Manual"}""")]
    [InlineData("""{"image_url":"docker://b/c"}""", """{"image_url":"docker://a/b","secret_name":"login"}""", """{"image_url":"docker://b/c"}""")]
    [InlineData("""{"cloud_init":"{}"}""", """{"cloud_init":"#cloud-config","cloud_init_type":"nocloud"}""", """{"cloud_init":"{}"}""")]
    [InlineData("""{"networks":["pod"]}""", """{"network_name":"lan"}""", """{"networks":["pod"]}""")]
    [InlineData("""{"network_name":"lan"}""", """{"networks":["pod","dmz"]}""", """{"network_name":"lan","networks":["pod","dmz"]}""")]
    // Lists are one value.
    [InlineData("""{"ssh_keys":["a b"]}""", """{"ssh_keys":["c d","e f"]}""", """{"ssh_keys":["a b"]}""")]
    // Maps are joined.
    [InlineData("""{"labels":{"a":"1"}}""", """{"labels":{"a":"2","b":"3"}}""", """{"labels":{"a":"1","b":"3"}}""")]
    [InlineData("""{"annotations":{"a":null}}""", """{"annotations":{"a":"2"}}""", """{"annotations":{"a":null}}""")]
    [InlineData("""{"labels":5}""", """{"labels":{"a":"2"}}""", """{"labels":5}""")]
    public void Payload_wins_field_by_field(string payload, string template, string merged)
    {
        Assert.Equal(merged, TemplateMerge.Merge(JsonElement.Parse(payload), JsonElement.Parse(template)).Json.GetRawText());
    }

    [Fact]
    public void What_is_wrong_in_a_field_of_the_template_says_so()
    {
        var merged = TemplateMerge.Merge(JsonElement.Parse("""{"cpu":"x"}"""), JsonElement.Parse("""{"cpu":1,"memory":"y","disks":[1],"firmware":{}}"""));

        Assert.Equal(
            "cpu: wrong; template t: memory: wrong; template t: disks[0].size: wrong; template t: disks.x: wrong; memories: wrong",
            merged.Explain(["cpu: wrong", "memory: wrong", "disks[0].size: wrong", "disks.x: wrong", "memories: wrong"], "t"));
    }

    [Theory]
    [InlineData("""{"name":"t"}""")]
    [InlineData("""{"name":"t","image_url":"pvc:golden/fedora"}""")]
    [InlineData("""{"name":"t","network_name":"acme/lan"}""")]
    [InlineData("""{"name":"t","instancetype":"u1.small"}""")]
    [InlineData("""{"name":"t","cpu":2,"labels":{"tier":"web"}}""")]
    public void Template_that_leaves_things_open_has_no_problem(string template) =>
        Assert.Empty(TemplateCheck.Problems(JsonElement.Parse(template)));

    [Theory]
    [InlineData("""{"memory":"much"}""", "memory: \"much\" is not a positive number of GiB or a quantity string such as \"4Gi\"")]
    [InlineData("""{"cpu":1.5}""", "cpu: \"1.5\" is not a whole number of vCPUs from 1 to 512")]
    [InlineData("""{"instancetype":"u1","cpu":2}""", "cpu: \"2\" is not allowed with instancetype, which sets it")]
    [InlineData("""{"labels":{"ovim.io/vdc":"x"}}""", "labels[\"ovim.io/vdc\"]: \"ovim.io/vdc\" is not allowed here")]
    [InlineData("""{"image_url":"Not An Image"}""", "image_url: \"Not An Image\" is not a container disk")]
    public void Template_that_no_vm_could_be_made_from_is_told_why(string template, string problem) =>
        Assert.StartsWith(problem, Assert.Single(TemplateCheck.Problems(JsonElement.Parse(template))), StringComparison.Ordinal);
}
