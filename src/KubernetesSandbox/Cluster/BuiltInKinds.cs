namespace KubernetesSandbox.Cluster;

/// <summary>The kinds that are part of the API server itself.</summary>
internal static class BuiltInKinds
{
    private const string Rbac = "rbac.authorization.k8s.io";

    public static readonly ResourceKind Namespace = Core("namespaces", "Namespace") with
    {
        Namespaced = false,
        ShortNames = ["ns"],
        HasStatus = true,
        Names = NameRule.DnsLabel,
        SelectableFields = ["status.phase"],
        Columns = [new("Status", "string", ".status.phase")],
    };

    public static readonly ResourceKind Secret = Core("secrets", "Secret") with
    {
        SelectableFields = ["type"],
        Columns = [new("Type", "string", ".type")],
    };

    public static readonly ResourceKind Service = Core("services", "Service") with
    {
        ShortNames = ["svc"],
        HasStatus = true,
        Names = NameRule.DnsLabel,
        CreatesOnUpdate = true,
        Columns = [new("Type", "string", ".spec.type"), new("Cluster-IP", "string", ".spec.clusterIP")],
    };

    public static readonly ResourceKind CustomResourceDefinition =
        Grouped("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition") with
        {
            Namespaced = false,
            ShortNames = ["crd", "crds"],
            HasStatus = true,
            HasGeneration = true,
            Columns = [new("Created At", "string", ".metadata.creationTimestamp")],
        };

    public static readonly ResourceKind ApiService =
        Grouped("apiregistration.k8s.io", "v1", "apiservices", "APIService") with
        {
            Namespaced = false,
            HasStatus = true,
            Columns = [new("Available", "string", ".status.conditions[?(@.type==\"Available\")].status")],
        };

    public static readonly ResourceKind WebhookConfiguration =
        Grouped("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration") with
        {
            Namespaced = false,
            HasGeneration = true,
        };

    /// <summary>Events as both groups serve them; stored once, in the core group's words.</summary>
    public static readonly ResourceKind Event = Core("events", "Event") with
    {
        ShortNames = ["ev"],
        CreatesOnUpdate = true,
        SelectableFields =
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
            "reportingComponent", "source", "type",
        ],
        Columns =
        [
            new("Type", "string", ".type"), new("Reason", "string", ".reason"),
            new("Object", "string", ".involvedObject.name"), new("Message", "string", ".message"),
        ],
    };

    public static readonly IReadOnlyList<ResourceKind> All =
    [
        Namespace,
        Secret,
        Service,
        Event,
        Event with { Group = "events.k8s.io" },
        CustomResourceDefinition,
        ApiService,
        WebhookConfiguration,
        Core("configmaps", "ConfigMap") with { ShortNames = ["cm"] },
        Core("pods", "Pod") with
        {
            ShortNames = ["po"],
            Categories = ["all"],
            HasStatus = true,
            SelectableFields =
            [
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
                "status.podIP", "status.nominatedNodeName",
            ],
            Columns = [new("Status", "string", ".status.phase"), new("Node", "string", ".spec.nodeName")],
        },
        Core("nodes", "Node") with
        {
            Namespaced = false,
            ShortNames = ["no"],
            HasStatus = true,
            SelectableFields = ["spec.unschedulable"],
            Columns =
            [
                new("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status"),
                new("Version", "string", ".status.nodeInfo.kubeletVersion"),
            ],
        },
        Core("serviceaccounts", "ServiceAccount") with { ShortNames = ["sa"] },
        Core("resourcequotas", "ResourceQuota") with { ShortNames = ["quota"], HasStatus = true },
        Core("limitranges", "LimitRange") with { ShortNames = ["limits"], CreatesOnUpdate = true },
        Core("persistentvolumeclaims", "PersistentVolumeClaim") with
        {
            ShortNames = ["pvc"],
            HasStatus = true,
            Columns = [new("Status", "string", ".status.phase"), new("Volume", "string", ".spec.volumeName")],
        },
        Core("persistentvolumes", "PersistentVolume") with
        {
            Namespaced = false,
            ShortNames = ["pv"],
            HasStatus = true,
            Columns = [new("Status", "string", ".status.phase"), new("StorageClass", "string", ".spec.storageClassName")],
        },
        Grouped("apps", "v1", "deployments", "Deployment") with
        {
            ShortNames = ["deploy"],
            Categories = ["all"],
            HasStatus = true,
            HasGeneration = true,
            Columns = [new("Ready", "integer", ".status.readyReplicas"), new("Available", "integer", ".status.availableReplicas")],
        },
        Grouped("apps", "v1", "controllerrevisions", "ControllerRevision"),
        RbacKind("roles", "Role"),
        RbacKind("rolebindings", "RoleBinding") with { Columns = [new("Role", "string", ".roleRef.name")] },
        RbacKind("clusterroles", "ClusterRole") with { Namespaced = false },
        RbacKind("clusterrolebindings", "ClusterRoleBinding") with
        {
            Namespaced = false,
            Columns = [new("Role", "string", ".roleRef.name")],
        },
        Grouped("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy") with { ShortNames = ["netpol"], HasGeneration = true },
        Grouped("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
        Grouped("coordination.k8s.io", "v1", "leases", "Lease") with
        {
            CreatesOnUpdate = true,
            Columns = [new("Holder", "string", ".spec.holderIdentity")],
        },
        Grouped("storage.k8s.io", "v1", "storageclasses", "StorageClass") with
        {
            Namespaced = false,
            ShortNames = ["sc"],
            Columns = [new("Provisioner", "string", ".provisioner")],
        },
        Grouped("storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity"),
    ];

    private static ResourceKind Core(string plural, string kind) => Grouped("", "v1", plural, kind);

    private static ResourceKind RbacKind(string plural, string kind) =>
        Grouped(Rbac, "v1", plural, kind) with { Names = NameRule.PathSegment, CreatesOnUpdate = true };

    private static ResourceKind Grouped(string group, string version, string plural, string kind) =>
        new() { Group = group, Version = version, Plural = plural, Kind = kind };
}
