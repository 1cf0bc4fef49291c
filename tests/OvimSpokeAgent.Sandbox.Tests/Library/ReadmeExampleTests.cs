using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;
using OvimSpokeAgent.Tests;

namespace OvimSpokeAgent.Sandbox.Tests.Library;

/// <summary>The example in the library's README compiles and does what is said there.</summary>
public sealed class ReadmeExampleTests
{
    private static string Folder => Path.Combine(Repository.Root, "tests", "OvimSpokeAgent.Sandbox.Tests", "Library");

    [Fact]
    public async Task A_vm_runs_at_the_second_attempt()
    {
        await using var cluster = await SandboxCluster.StartAsync();
        await using var kubeVirt = await SandboxKubeVirt.StartAsync(new() { Connection = cluster.ClientConfiguration() });
        using var client = new HttpClient { BaseAddress = cluster.Url };
        cluster.Faults.Add(new() { Kind = ClusterFaultKind.Status, StatusCode = 503, Method = "POST", Resource = "virtualmachines", Times = 1 });
        var vm = JsonNode.Parse("""
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"web"},
             "spec":{"runStrategy":"Always","template":{"spec":{"domain":{"devices":{}}}}}}
            """);
        Task<HttpResponseMessage> CreateAsync() => client.PostAsJsonAsync("apis/kubevirt.io/v1/namespaces/default/virtualmachines", vm);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await CreateAsync()).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync()).StatusCode);
        await cluster.Objects("kubevirt.io/v1", "virtualmachines").WaitForAsync(
            "default", "web", found => found.Text("status", "printableStatus") == "Running", CancellationToken.None);
    }

    [Fact]
    public async Task Example_in_the_README_is_the_one_that_is_tested()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src", "KubernetesSandbox", "README.md"));
        var source = Unindented(await File.ReadAllTextAsync(Path.Combine(Folder, "ReadmeExampleTests.cs")));
        var example = Unindented(readme.Split("```csharp\n")[1].Split("```")[0]);

        Assert.StartsWith("await using var cluster", example, StringComparison.Ordinal);
        Assert.Contains(example, source, StringComparison.Ordinal);
    }

    private static string Unindented(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim()));
}
