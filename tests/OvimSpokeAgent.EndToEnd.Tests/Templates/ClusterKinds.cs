using System.Net;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Templates;

/// <summary>Kinds that a cluster has when a test needs them; a server that several tests use keeps them.</summary>
internal static class ClusterKinds
{
    private const string Definitions = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    /// <summary>Sees to it that there is a kind whose objects may hold anything.</summary>
    public static async Task HasKindAsync(this JsonApi admin, string group, string version, string plural, string kind, string scope)
    {
        await HasAsync(admin, Definitions, new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"{plural}.{group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = group,
                ["scope"] = scope,
                ["names"] = new JsonObject { ["plural"] = plural, ["singular"] = kind.ToLowerInvariant(), ["kind"] = kind },
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = version,
                    ["served"] = true,
                    ["storage"] = true,
                    ["schema"] = new JsonObject
                    {
                        ["openAPIV3Schema"] = new JsonObject { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true },
                    },
                }),
            },
        });
        await admin.WaitForAsync(Definitions, $"{plural}.{group}", definition => definition?["status"]?["conditions"]?.AsArray()
            .Any(condition => (string?)condition!["type"] == "Established" && (string?)condition["status"] == "True") is true);
    }

    /// <summary>Sees to it that there is OpenShift's catalogue, which everybody may read; OpenShift serves it by an API server of its own.</summary>
    public static async Task HasOpenShiftCatalogueAsync(this JsonApi admin)
    {
        await admin.HasKindAsync("template.openshift.io", "v1", "templates", "Template", "Namespaced");
        await HasAsync(admin, "api/v1/namespaces", new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject { ["name"] = "openshift" },
        });
        const string Rbac = "apis/rbac.authorization.k8s.io/v1/namespaces/openshift";
        await HasAsync(admin, $"{Rbac}/roles", JsonNode.Parse("""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"shared-resource-viewer","namespace":"openshift"},
             "rules":[{"apiGroups":["template.openshift.io"],"resources":["templates"],"verbs":["get","list","watch"]}]}
            """)!.AsObject());
        await HasAsync(admin, $"{Rbac}/rolebindings", JsonNode.Parse("""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"shared-resource-viewers","namespace":"openshift"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"shared-resource-viewer"},
             "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"system:authenticated"}]}
            """)!.AsObject());
    }

    private static async Task HasAsync(JsonApi admin, string collection, JsonObject body)
    {
        var (status, answer) = await admin.TryChangeAsync(HttpMethod.Post, collection, body, "application/json");
        Assert.True(status is HttpStatusCode.Created or HttpStatusCode.Conflict, answer);
    }
}
