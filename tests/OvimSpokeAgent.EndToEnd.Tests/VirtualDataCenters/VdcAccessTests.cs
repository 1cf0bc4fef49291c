using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.VirtualDataCenters;

/// <summary>What a bound admin of a VDC may do, and may not.</summary>
public sealed class VdcAccessTests(Clusters clusters) : IClassFixture<Clusters>
{
    private const string Vms = "virtualmachines.kubevirt.io";
    private const string Subresources = "subresources.kubevirt.io";

    [Theory, OnRealApiServer]
    public async Task Tenant_admin_manages_vms_in_the_own_vdc_alone(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var (own, other) = (world.NewVdc(), world.NewVdc());
        await world.CompletesAsync("create_vdc", own, """{"admin_groups":["Acme Admins"],"network_policy":"isolated","quota":{"cpu":2}}""");
        await world.CompletesAsync("create_vdc", other, """{"admin_groups":["globex"]}""");
        var alice = world.AsMemberOf("Acme Admins");

        var vm = await alice.CreateAsync(VdcWorld.Collection(own, "virtualmachines"), Vm("mine"));
        await alice.MergeAsync(
            $"{VdcWorld.Collection(own, "virtualmachines")}/mine", new JsonObject { ["spec"] = new JsonObject { ["runStrategy"] = "Always" } });
        await alice.DeleteAsync($"{VdcWorld.Collection(own, "virtualmachines")}/mine");
        await alice.GetAsync($"{VdcWorld.Collection(own, VdcWorld.Quotas)}/vdc-quota");

        Assert.Equal("mine", (string?)vm["metadata"]!["name"]);
        await RefusedAsync(() => alice.CreateAsync(VdcWorld.Collection(other, "virtualmachines"), Vm("theirs")));
        await RefusedAsync(() => alice.GetAsync(VdcWorld.Collection(other, "virtualmachines")));
        await RefusedAsync(() => alice.DeleteAsync($"{VdcWorld.Collection(own, VdcWorld.Quotas)}/vdc-quota"));
        await RefusedAsync(() => alice.MergeAsync($"{VdcWorld.Collection(own, VdcWorld.Quotas)}/vdc-quota", Hard("99")));
        await RefusedAsync(() => alice.DeleteAsync($"{VdcWorld.Collection(own, VdcWorld.Limits)}/vdc-limits"));
        await RefusedAsync(() => alice.DeleteAsync($"{VdcWorld.Collection(own, VdcWorld.Policies)}/vdc-isolation-policy"));
        await RefusedAsync(() => alice.CreateAsync(VdcWorld.Collection(own, VdcWorld.Bindings), Binding("mine", "ovim:vdc-admin")));
        await RefusedAsync(() => alice.CreateAsync(VdcWorld.Collection(own, VdcWorld.Bindings), Binding("more", "cluster-admin")));
        await RefusedAsync(() => alice.MergeAsync($"api/v1/namespaces/{own}", new JsonObject { ["metadata"] = new JsonObject() }));
        await RefusedAsync(() => alice.DeleteAsync($"api/v1/namespaces/{own}"));
    }

    [Theory, OnSandbox, OnRealApiServer]
    public async Task Groups_as_identity_providers_name_them_get_a_binding_each(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        string[] groups =
        [
            "CN=VDC Admins,OU=Groups,DC=example,DC=com", "cn=vdc admins,ou=groups,dc=example,dc=com", "oidc:team/a", "oidc:team:a", "github_team://1",
            "8c6a1f0e-2f0b-4b7e-9d57-0d2f1d7c9b11", "Größe und Maß", "TEAM-A", "team-a", "team.a", "team_a", "-", "a b", "*", new string('g', 253),
        ];

        await world.CompletesAsync("create_vdc", vdc, new JsonObject { ["admin_groups"] = new JsonArray([.. groups]) }.ToJsonString());

        var bound = (await world.Admin.GetAsync(VdcWorld.Collection(vdc, VdcWorld.Bindings)))["items"]!.AsArray()
            .Select(binding => (string)Assert.Single(binding!["subjects"]!.AsArray())!["name"]!);
        Assert.Equal(groups.Order(StringComparer.Ordinal), bound.Order(StringComparer.Ordinal));
        foreach (var group in (string[])["system:masters", "SYSTEM:authenticated", " ", "\t"])
        {
            Assert.StartsWith("admin_groups[0]:", await world.FailsAsync(
                "update_vdc", vdc, new JsonObject { ["admin_groups"] = new JsonArray(group) }.ToJsonString()), StringComparison.Ordinal);
        }
    }

    [Theory, OnRealApiServer]
    public async Task Tenant_admins_rights_are_exactly_these(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc, """{"admin_groups":["acme"]}""");
        var alice = world.AsMemberOf("acme");

        foreach (var (verb, group, resource) in ((string, string, string)[])
            [
                ("create", "kubevirt.io", "virtualmachines"), ("patch", "kubevirt.io", "virtualmachines"),
                ("delete", "kubevirt.io", "virtualmachineinstances"), ("get", Subresources, "virtualmachineinstances/console"),
                ("get", Subresources, "virtualmachineinstances/vnc"), ("update", Subresources, "virtualmachines/start"),
                ("update", Subresources, "virtualmachines/stop"), ("update", Subresources, "virtualmachines/restart"),
                ("create", "cdi.kubevirt.io", "datavolumes"), ("create", "upload.cdi.kubevirt.io", "uploadtokenrequests"),
                ("create", "", "persistentvolumeclaims"), ("create", "", "secrets"), ("create", "", "services"),
                ("create", "snapshot.kubevirt.io", "virtualmachinesnapshots"), ("get", "", "pods"), ("list", "", "events"),
                ("get", "", "resourcequotas"), ("list", "networking.k8s.io", "networkpolicies"),
            ])
        {
            Assert.True(await MayAsync(alice, vdc, verb, group, resource), $"{verb} {resource}.{group}");
        }
        foreach (var (verb, group, resource) in ((string, string, string)[])
            [
                ("create", "", "resourcequotas"), ("patch", "", "resourcequotas"), ("delete", "", "limitranges"),
                ("create", "networking.k8s.io", "networkpolicies"), ("update", "networking.k8s.io", "networkpolicies"),
                ("delete", "networking.k8s.io", "networkpolicies"), ("create", "rbac.authorization.k8s.io", "rolebindings"),
                ("create", "rbac.authorization.k8s.io", "roles"), ("bind", "rbac.authorization.k8s.io", "clusterroles"),
                ("escalate", "rbac.authorization.k8s.io", "roles"), ("impersonate", "", "serviceaccounts"),
                ("create", "", "serviceaccounts"), ("create", "", "serviceaccounts/token"), ("create", "", "pods"),
                ("create", "", "pods/exec"), ("create", "apps", "deployments"), ("create", "batch", "jobs"),
                ("create", "apps", "controllerrevisions"), ("patch", "apps", "controllerrevisions"), ("delete", "apps", "controllerrevisions"),
                ("update", "apps", "controllerrevisions"), ("create", "apps", "statefulsets"), ("update", "kubevirt.io", "virtualmachines/status"),
                ("patch", "", "limitranges"), ("patch", "kubevirt.io", "virtualmachineinstances"), ("create", "pool.kubevirt.io", "virtualmachinepools"),
                ("create", "kubevirt.io", "virtualmachineinstances"), ("create", "kubevirt.io", "virtualmachineinstancereplicasets"),
                ("create", "k8s.cni.cncf.io", "network-attachment-definitions"), ("create", "", "endpoints"),
                ("create", "discovery.k8s.io", "endpointslices"), ("patch", "", "namespaces"), ("delete", "", "namespaces"),
            ])
        {
            Assert.False(await MayAsync(alice, vdc, verb, group, resource), $"{verb} {resource}.{group}");
        }
        Assert.False(await MayAsync(alice, "", "list", "kubevirt.io", "virtualmachines"), "in the whole cluster");
        Assert.False(await MayAsync(alice, "", "create", "", "namespaces"), Vms);
    }

    [Theory, OnRealApiServer]
    public async Task Agent_cannot_bind_any_other_role(ClusterKind kind)
    {
        await using var world = await VdcWorld.OpenAsync(clusters, kind);
        var vdc = world.NewVdc();
        await world.CompletesAsync("create_vdc", vdc);
        using var agent = JsonApi.Open(world.Environment.Variables()["OVIM_KUBECONFIG"]);

        await RefusedAsync(() => agent.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Bindings), Binding("x", "cluster-admin")));
        await RefusedAsync(() => agent.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Bindings), Binding("x", "edit")));
        await agent.CreateAsync(VdcWorld.Collection(vdc, VdcWorld.Bindings), Binding("x", "ovim:vdc-admin"));
        Assert.Equal("Healthy", (string?)(await world.Agent.HealthAsync())["components"]!["permissions"]!["status"]);
    }

    private static async Task RefusedAsync<T>(Func<Task<T>> request)
    {
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(request);
        Assert.Contains("403", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task RefusedAsync(Func<Task> request)
    {
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(request);
        Assert.Contains("403", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<bool> MayAsync(JsonApi who, string ns, string verb, string group, string resource)
    {
        var parts = resource.Split('/');
        var review = await who.CreateAsync("apis/authorization.k8s.io/v1/selfsubjectaccessreviews", new JsonObject
        {
            ["apiVersion"] = "authorization.k8s.io/v1",
            ["kind"] = "SelfSubjectAccessReview",
            ["spec"] = new JsonObject
            {
                ["resourceAttributes"] = new JsonObject
                {
                    ["namespace"] = ns,
                    ["verb"] = verb,
                    ["group"] = group,
                    ["resource"] = parts[0],
                    ["subresource"] = parts.Length > 1 ? parts[1] : "",
                },
            },
        });
        return (bool)review["status"]!["allowed"]!;
    }

    private static JsonObject Hard(string cpu) =>
        new() { ["spec"] = new JsonObject { ["hard"] = new JsonObject { ["requests.cpu"] = cpu } } };

    private static JsonObject Vm(string name) => JsonNode.Parse($$$"""
        {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"{{{name}}}"},
        "spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{},"memory":{"guest":"1Gi"} } } } } }
        """)!.AsObject();

    private static JsonObject Binding(string name, string role) => JsonNode.Parse($$$"""
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"{{{name}}}"},
        "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"acme"}],
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{role}}}"}}
        """)!.AsObject();
}
