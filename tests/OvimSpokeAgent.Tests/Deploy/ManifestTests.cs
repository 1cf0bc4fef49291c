extern alias KubernetesModels;

using KubernetesModels::k8s;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.Deploy;

/// <summary>The manifests of <c>deploy/</c>, read by the API's own types. What the admission policies decide is checked apart.</summary>
public sealed class ManifestTests
{
    private static readonly string Root = Path.Combine(Repository.Root, "deploy");

    public static TheoryData<string> Files =>
    [
        .. Directory.EnumerateFiles(Root, "*.yaml", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file))
            .Where(file => Path.GetFileName(file) is not ("kustomization.yaml" or "route.yaml")) // of no kind of Kubernetes
            .Where(file => !file.StartsWith("monitoring", StringComparison.Ordinal)) // of the Prometheus operator
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void No_field_is_unknown_to_its_kind(string file)
    {
        var objects = KubernetesYaml.LoadAllFromString(File.ReadAllText(Path.Combine(Root, file)), strict: true);

        Assert.NotEmpty(objects);
        Assert.All(objects, item => Assert.IsAssignableFrom<KubernetesModels::k8s.IKubernetesObject>(item));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Local_API_is_no_port_of_a_pod_or_a_Service(string file) =>
        Assert.DoesNotContain(SettingsTable.DebugPort.Default!, File.ReadAllText(Path.Combine(Root, file)), StringComparison.Ordinal);

    [Fact]
    public void Misspelt_field_would_show() => Assert.ThrowsAny<Exception>(() => KubernetesYaml.LoadAllFromString(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nspec:\n  matchConstraint: {}\n", strict: true));

    [Theory]
    [InlineData("agent.yaml", WellKnownNames.ManagedByLabel, WellKnownNames.Agent, WellKnownNames.VdcLabel, VdcNames.AdminRole)]
    [InlineData("tenants.yaml", WellKnownNames.ManagedByLabel, WellKnownNames.Agent, WellKnownNames.VdcLabel)]
    public void Policies_go_by_the_names_that_the_agent_uses(string file, params string[] names)
    {
        var policy = File.ReadAllText(Path.Combine(Root, "components", "admission-policies", file));

        Assert.All(names, name => Assert.Contains(name, policy, StringComparison.Ordinal));
    }
}
