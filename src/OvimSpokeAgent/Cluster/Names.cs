namespace OvimSpokeAgent.Cluster;

/// <summary>The labels, annotations and other names the agent leaves on objects.</summary>
internal static class Names
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

    public const string TemplateLabel = "ovim.io/template";

    /// <summary>The journal name of the operation that made the object; never changed.</summary>
    public const string CreatedByAnnotation = "ovim.io/created-by";

    /// <summary>The journal name of the operation that last wrote the object.</summary>
    public const string OperationAnnotation = "ovim.io/operation";

    /// <summary>On a namespace: what is declared for it, as JSON.</summary>
    public const string DeclaredAnnotation = "ovim.io/declared";

    /// <summary>On a journal record: how far the operation got.</summary>
    public const string OperationStateLabel = "ovim.io/operation-state";

    /// <summary>On a journal record: the minute from which on it can be removed, together with all others of it.</summary>
    public const string OperationExpiresLabel = "ovim.io/operation-expires";

    /// <summary>On a journal record, for people: the hub's id of the operation.</summary>
    public const string OperationIdAnnotation = "ovim.io/operation-id";

    /// <summary>Prefixes of labels and annotations that the hub cannot set.</summary>
    public static readonly IReadOnlyList<string> ReservedPrefixes =
        [Prefix, ManagedByLabel, "kubevirt.io/", "kubernetes.io/"];
}
