using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// Whether a VM may clone a disk of another namespace, as virt-controller asks before it makes the DataVolume (KubeVirt's
/// authorizeDataVolume, CDI's pkg/apis/core/v1beta1/authorize.go): the default ServiceAccount of the VM's namespace needs the
/// right to create <c>datavolumes/source</c>, or pods, in the disk's. KubeVirt of before asked in its webhook.
/// </summary>
internal sealed class CloneAuthorization(ApiClient api)
{
    private static readonly (string Group, string Resource, string Subresource)[] Enough =
        [("cdi.kubevirt.io", "datavolumes", "source"), ("", "pods", "")];

    /// <returns>Why the DataVolume is not made, or null.</returns>
    public async Task<string?> RefusalAsync(JsonObject template, string ns, CancellationToken cancellationToken)
    {
        if (template.Map("spec", "source", "pvc") is not { } source) return null;
        var sourceNamespace = source.Text("namespace") is { Length: > 0 } named ? named : ns;
        if (sourceNamespace == ns) return null;
        var user = $"system:serviceaccount:{ns}:default";
        foreach (var right in Enough)
        {
            var review = await api.CreateAsync(Kinds.AccessReview, "", Review(user, ns, right, sourceNamespace, source.Text("name")), cancellationToken);
            if (review.IsTrue("status", "allowed")) return null;
        }
        return $"not authorized to create DataVolume: User {user} has insufficient permissions in clone source namespace {sourceNamespace}";
    }

    private static JsonObject Review(
        string user, string ns, (string Group, string Resource, string Subresource) right, string sourceNamespace, string? name) => new()
        {
            ["apiVersion"] = Kinds.AccessReview.ApiVersion,
            ["kind"] = Kinds.AccessReview.Name,
            ["spec"] = new JsonObject
            {
                ["user"] = user,
                ["groups"] = new JsonArray("system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"),
                ["resourceAttributes"] = new JsonObject
                {
                    ["verb"] = "create",
                    ["group"] = right.Group,
                    ["resource"] = right.Resource,
                    ["subresource"] = right.Subresource,
                    ["namespace"] = sourceNamespace,
                    ["name"] = name,
                },
            },
        };
}
