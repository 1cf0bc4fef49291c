namespace OvimSpokeAgent.Cluster;

/// <summary>The kinds of Kubernetes itself that the agent uses.</summary>
internal static class KubernetesKinds
{
    public static readonly ResourceKind Namespace = new("", "v1", "namespaces", "Namespace");

    public static readonly ResourceKind Secret = new("", "v1", "secrets", "Secret");

    public static readonly ResourceKind Pod = new("", "v1", "pods", "Pod");

    public static readonly ResourceKind Event = new("", "v1", "events", "Event");

    public static readonly ResourceKind Deployment = new("apps", "v1", "deployments", "Deployment");

    public static readonly ResourceKind PersistentVolumeClaim =
        new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim");

    public static readonly ResourceKind SelfSubjectAccessReview =
        new("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview");
}
