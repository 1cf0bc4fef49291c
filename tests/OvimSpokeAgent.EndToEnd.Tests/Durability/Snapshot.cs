using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>What there is in a namespace, and what a result says, as text without what differs from run to run.</summary>
internal static partial class Snapshot
{
    private static readonly string[] Kinds =
    [
        "apis/kubevirt.io/v1/namespaces/{0}/virtualmachines",
        "apis/cdi.kubevirt.io/v1beta1/namespaces/{0}/datavolumes",
        "api/v1/namespaces/{0}/persistentvolumeclaims",
        "api/v1/namespaces/{0}/secrets",
        "api/v1/namespaces/{0}/resourcequotas",
        "api/v1/namespaces/{0}/limitranges",
        "apis/networking.k8s.io/v1/namespaces/{0}/networkpolicies",
        "apis/rbac.authorization.k8s.io/v1/namespaces/{0}/rolebindings",
    ];

    // The API server's own.
    private static readonly string[] Metadata = ["name", "labels", "annotations", "generation", "finalizers", "deletionTimestamp", "ownerReferences"];

    // What a VM was doing when it was looked at: no part of what an operation did.
    private static readonly string[] MerelySeen = ["status", "phase", "disks", "message", "node_name", "ip_address", "updated_at"];

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The objects of a namespace, and itself.</summary>
    public static async Task<string> OfNamespaceAsync(JsonApi api, string ns)
    {
        var itself = await api.FindAsync($"api/v1/namespaces/{ns}");
        if (itself is null) return "gone";
        var objects = new List<JsonNode> { itself };
        foreach (var kind in Kinds)
        {
            var list = await api.GetAsync(string.Format(CultureInfo.InvariantCulture, kind, ns));
            objects.AddRange(list["items"]!.AsArray().Select(item => item!));
        }
        var uids = objects.Select(item => (string?)item["metadata"]!["uid"]).ToHashSet();
        return Normal(new JsonArray([.. objects.Where(item => !IsLeftToTheServer(item, uids)).Select(Essence)]), ns);
    }

    /// <summary>A result's body.</summary>
    public static string OfResult(JsonObject body, string ns, string id)
    {
        var result = body.DeepClone().AsObject();
        result.Remove("timestamp");
        result.Remove("duration");
        if (result["result"] is JsonObject details && details["name"] is not null)
        {
            foreach (var field in MerelySeen) details.Remove(field);
        }
        return Normal(result, ns).Replace(id, "ID", StringComparison.Ordinal);
    }

    // Accounts' tokens come when they come, and what belonged to a deleted object goes when it goes.
    private static bool IsLeftToTheServer(JsonNode item, HashSet<string?> uids) =>
        (string?)item["type"] == "kubernetes.io/service-account-token"
        || item["metadata"]!["ownerReferences"]?.AsArray().Any(owner => !uids.Contains((string?)owner!["uid"])) is true;

    private static JsonObject Essence(JsonNode item)
    {
        var essence = new JsonObject();
        foreach (var (field, value) in item.AsObject())
        {
            if (field is "apiVersion" or "kind") continue;
            essence[field] = field switch
            {
                "metadata" => new JsonObject(Metadata.Where(name => value![name] is not null)
                    .Select(name => KeyValuePair.Create(name, value![name]?.DeepClone()))),
                "status" => new JsonObject
                {
                    ["phase"] = value!["phase"]?.DeepClone(),
                    ["printableStatus"] = value["printableStatus"]?.DeepClone(),
                    ["stateChangeRequests"] = value["stateChangeRequests"]?.DeepClone(),
                },
                _ => value?.DeepClone(),
            };
        }
        return essence;
    }

    private static string Normal(JsonNode content, string ns)
    {
        var text = content.ToJsonString(Indented).Replace(ns, "NAMESPACE", StringComparison.Ordinal);
        text = Uid().Replace(text, "UID");
        text = Time().Replace(text, "TIME");
        text = OperationKey().Replace(text, "OPERATION");
        return SecretOfVm().Replace(text, "$1OPERATION");
    }

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Uid();

    [GeneratedRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)")]
    private static partial Regex Time();

    [GeneratedRegex("op-[0-9a-f]{20,}")]
    private static partial Regex OperationKey();

    [GeneratedRegex("(-userdata-|-networkdata-|-ssh-keys-|-sysprep-|-root-|-disk[0-9]+-)[0-9a-f]{20}")]
    private static partial Regex SecretOfVm();
}
