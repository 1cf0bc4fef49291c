using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>A managed namespace with what is declared for it: a VDC, or a namespace of someone else.</summary>
internal sealed record DeclaredNamespace
{
    public required string Name { get; init; }

    public required string Uid { get; init; }

    /// <summary>The agent made it as a VDC.</summary>
    public required bool IsVdc { get; init; }

    /// <summary>What is declared; null where nothing is, or where it cannot be read.</summary>
    public VdcDeclaration? Declaration { get; init; }

    /// <summary>Why what is declared cannot be read.</summary>
    public string? Problem { get; init; }

    public required bool IsTerminating { get; init; }

    /// <summary>The operation that asked for its deletion; null: none did, or it is no VDC, of this agent or a former one.</summary>
    public string? DeletedBy => IsVdc || OtherOwners.IsFormerAgents(Labels) ? Annotations.GetValueOrDefault(WellKnownNames.DeletionAnnotation) : null;

    /// <summary>Its deletion was asked for, of the agent or of Kubernetes.</summary>
    public bool IsBeingDeleted => IsTerminating || DeletedBy is not null;

    /// <summary>
    /// What the cluster is to enforce: what is declared. While it is being deleted, what limits and isolates holds, but nobody has
    /// access any more, and no VM can be added.
    /// </summary>
    public VdcDeclaration? Enforced => IsVdc && DeletedBy is not null && Declaration is { } declaration
        ? declaration with { AdminGroups = [], Quota = declaration.Quota with { Vms = 0 } }
        : Declaration;

    /// <summary>Whoever asked for it was told that it could not be made whole.</summary>
    public bool IsIncomplete => Annotations.ContainsKey(WellKnownNames.IncompleteAnnotation);

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>It has more labels than are kept: one that is not among them may be there all the same.</summary>
    public bool AreLabelsTruncated { get; init; }

    /// <summary>The agent's own annotations.</summary>
    public required IReadOnlyDictionary<string, string> Annotations { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset SeenAt { get; init; }

    public string? CreatedBy => Annotations.GetValueOrDefault(WellKnownNames.CreatedByAnnotation);

    /// <summary>The operation that made it, also while nothing on it says so.</summary>
    public string? MadeBy { get; init; }

    /// <summary>The VDC as its users call it.</summary>
    public string VdcName => Declaration?.Name ?? Labels.GetValueOrDefault(WellKnownNames.VdcLabel, Name);

    public static DeclaredNamespace From(NamespaceObject ns, DateTimeOffset now) => From(ManagedNamespace.From(ns, now));

    public static DeclaredNamespace From(ManagedNamespace ns)
    {
        var text = ns.OwnAnnotations.GetValueOrDefault(WellKnownNames.DeclaredAnnotation);
        var (declaration, problem) = text is null ? (null, null) : VdcDeclaration.Parse(text);
        var labels = ns.Labels.All ?? new Dictionary<string, string>();
        var madeBy = ns.OwnAnnotations.GetValueOrDefault(WellKnownNames.CreatedByAnnotation);
        var isVdc = madeBy is not null && (labels.ContainsKey(WellKnownNames.VdcLabel) || declaration?.Name is not null)
            && labels.GetValueOrDefault(WellKnownNames.ManagedByLabel) == WellKnownNames.Agent;
        if (isVdc && declaration is { Name: null }) (declaration, problem) = (null, "vdc_name: missing, expected a string");
        return new DeclaredNamespace
        {
            Name = ns.Name,
            Uid = ns.Uid,
            IsVdc = isVdc,
            MadeBy = madeBy,
            // A name makes it the declaration of a VDC: someone else's namespace never gets isolation or admins by it.
            Declaration = declaration is null || isVdc ? declaration : declaration with { Name = null, Network = new(), AdminGroups = [] },
            Problem = problem ?? (isVdc && text is null ? $"the annotation {WellKnownNames.DeclaredAnnotation} is missing" : null),
            IsTerminating = ns.IsTerminating,
            Labels = labels,
            AreLabelsTruncated = ns.Labels.AreTruncated,
            Annotations = ns.OwnAnnotations,
            CreatedAt = ns.CreatedAt,
            SeenAt = ns.SeenAt,
        };
    }
}
