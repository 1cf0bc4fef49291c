namespace OvimSpokeAgent.Cluster;

/// <summary>The labels, annotations and other names the agent leaves on objects.</summary>
internal static class WellKnownNames
{
    /// <summary>Field manager of every write, and the value of <see cref="ManagedByLabel"/>.</summary>
    public const string Agent = "ovim-spoke-agent";

    /// <summary>On a namespace: the agent works in it. On an object: the agent may change it.</summary>
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";

    /// <summary>The prefix of the agent's own labels and annotations.</summary>
    public const string Prefix = "ovim.io/";

    public const string VdcLabel = "ovim.io/vdc";

    public const string OrganizationLabel = "ovim.io/organization";

    public const string ZoneLabel = "ovim.io/zone-id";

    public const string VmLabel = "ovim.io/vm";

    /// <summary>On a VM: the template that it was made from.</summary>
    public const string TemplateLabel = "ovim.io/template";

    /// <summary>On a ConfigMap: it holds templates (<c>part</c>), or says which ConfigMaps do (<c>head</c>).</summary>
    public const string TemplateStoreLabel = "ovim.io/template-store";

    /// <summary>The journal name of the operation that made the object; never changed.</summary>
    public const string CreatedByAnnotation = "ovim.io/created-by";

    /// <summary>The journal name of the operation that last wrote the object.</summary>
    public const string OperationAnnotation = "ovim.io/operation";

    /// <summary>On a namespace: what is declared for it, as JSON.</summary>
    public const string DeclaredAnnotation = "ovim.io/declared";

    /// <summary>
    /// On a VDC's namespace: it could not be made whole, so that it may be made again with another declaration. On a VM: what
    /// it refers to is not all there yet; it is halted until then.
    /// </summary>
    public const string IncompleteAnnotation = "ovim.io/incomplete";

    /// <summary>
    /// On a namespace: the operation that asked for its deletion, which goes on until the namespace is gone. Who takes it off ends
    /// that.
    /// </summary>
    public const string DeletionAnnotation = "ovim.io/deleting";

    /// <summary>
    /// The finalizer of a VM that is deleted without its disks: it stays until none of them would go with it. Who takes it off ends that.
    /// </summary>
    public const string KeepDisksFinalizer = "ovim.io/keep-disks";

    /// <summary>On namespaces and objects of former agents.</summary>
    public const string FormerManagedByLabel = "ovim.io/managed-by";

    /// <summary>On namespaces that the hub or a former agent made: the VDC's name.</summary>
    public const string VdcNameLabel = "ovim.io/vdc-name";

    /// <summary>On a journal record: how far the operation got.</summary>
    public const string OperationStateLabel = "ovim.io/operation-state";

    /// <summary>On a journal record: the minute from which on it can be removed, together with all others of it.</summary>
    public const string OperationExpiresLabel = "ovim.io/operation-expires";

    /// <summary>On a journal record: what it says of its operation, but for payload and result.</summary>
    public const string OperationRecordAnnotation = "ovim.io/operation-record";

    /// <summary>On operations that were stored together: their Secret's own name, so that several can be removed with one request.</summary>
    public const string OperationBatchLabel = "ovim.io/operation-batch";

    /// <summary>On operations that were stored together: which of them have records of their own.</summary>
    public const string OperationsLeftAnnotation = "ovim.io/operations-left";

    /// <summary>On a journal record, for people: the hub's id of the operation.</summary>
    public const string OperationIdAnnotation = "ovim.io/operation-id";

    /// <summary>The domains whose labels and annotations the hub cannot set, those of their subdomains included.</summary>
    private static readonly string[] ReservedDomains = ["ovim.io", "kubevirt.io", "kubernetes.io", "k8s.io"];

    private const string CommonDomain = "app.kubernetes.io";

    /// <summary>What <see cref="IsReserved"/> reserves, for messages.</summary>
    public static readonly string ReservedRule =
        $"{string.Join(", ", ReservedDomains)} and their subdomains are reserved, but for {CommonDomain}/ (without managed-by)";

    /// <summary>
    /// Whether the hub cannot set this label or annotation: it is the agent's own, Kubernetes' or KubeVirt's (which marks
    /// its pods with <c>kubevirt.io</c>, <c>vm.kubevirt.io/name</c> and others).
    /// </summary>
    public static bool IsReserved(string key)
    {
        var domain = key.Split('/')[0];
        if (domain == CommonDomain) return key == ManagedByLabel;
        return ReservedDomains.Any(reserved =>
            domain == reserved || domain.EndsWith("." + reserved, StringComparison.Ordinal));
    }
}
