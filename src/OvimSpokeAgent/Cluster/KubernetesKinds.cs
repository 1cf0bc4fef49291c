namespace OvimSpokeAgent.Cluster;

/// <summary>The kinds of Kubernetes itself that the agent uses.</summary>
internal static class KubernetesKinds
{
    public static readonly ResourceKind Namespace = new("", "v1", "namespaces", "Namespace");

    public static readonly ResourceKind Secret = new("", "v1", "secrets", "Secret");

    public static readonly ResourceKind ConfigMap = new("", "v1", "configmaps", "ConfigMap");

    public static readonly ResourceKind Pod = new("", "v1", "pods", "Pod");

    public static readonly ResourceKind Event = new("events.k8s.io", "v1", "events", "Event");

    public static readonly ResourceKind Deployment = new("apps", "v1", "deployments", "Deployment");

    public static readonly ResourceKind ControllerRevision =
        new("apps", "v1", "controllerrevisions", "ControllerRevision");

    public static readonly ResourceKind ResourceQuota = new("", "v1", "resourcequotas", "ResourceQuota");

    public static readonly ResourceKind LimitRange = new("", "v1", "limitranges", "LimitRange");

    public static readonly ResourceKind NetworkPolicy =
        new("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy");

    public static readonly ResourceKind RoleBinding =
        new("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding");

    public static readonly ResourceKind ClusterRole =
        new("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole");

    public static readonly ResourceKind PersistentVolume = new("", "v1", "persistentvolumes", "PersistentVolume");

    public static readonly ResourceKind StorageClass = new("storage.k8s.io", "v1", "storageclasses", "StorageClass");

    public static readonly ResourceKind CsiDriver = new("storage.k8s.io", "v1", "csidrivers", "CSIDriver");

    public static readonly ResourceKind PersistentVolumeClaim =
        new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim");

    public static readonly ResourceKind Lease = new("coordination.k8s.io", "v1", "leases", "Lease");

    public static readonly ResourceKind SubjectAccessReview =
        new("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview");

    public static readonly ResourceKind SelfSubjectAccessReview =
        new("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview");
}
