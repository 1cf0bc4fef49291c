using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>When an object that is being deleted is gone, and what keeps it.</summary>
internal static class DeletionRules
{
    public const string ForegroundFinalizer = "foregroundDeletion";

    public const string OrphanFinalizer = "orphan";

    public static readonly string[] ImmortalNamespaces = ["default", "kube-system", "kube-public"];

    /// <summary>Whether nothing keeps a deleted object any more.</summary>
    public static bool IsDone(ResourceKind kind, JsonObject content) =>
        content.At("metadata", "deletionTimestamp") is not null
        && content.Number("metadata", "deletionGracePeriodSeconds") is null or 0
        && content.Items("metadata", "finalizers") is not { Count: > 0 }
        && !(kind.Resource == BuiltInKinds.Namespace.Resource && content.Items("spec", "finalizers") is { Count: > 0 });

    /// <summary>How long an object may take to end by itself; only pods on a node do.</summary>
    public static long GraceSeconds(ResourceKind kind, JsonObject content, long? asked)
    {
        if (kind.Resource != new GroupResource("", "pods") || content.Text("spec", "nodeName") is not { Length: > 0 }) return 0;
        if (content.Text("status", "phase") is "Succeeded" or "Failed") return 0;
        return asked ?? content.Number("spec", "terminationGracePeriodSeconds") ?? 30;
    }
}
