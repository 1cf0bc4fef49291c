namespace OvimSpokeAgent.Contract;

/// <summary>The result of <c>sync_templates</c>.</summary>
public sealed record TemplateSyncResult
{
    /// <summary>How many of the list are stored.</summary>
    public required int SyncedTemplates { get; init; }

    /// <summary>How many that were stored are not any more.</summary>
    public required int Removed { get; init; }

    /// <summary>Those of the list that are not stored.</summary>
    public required IReadOnlyList<TemplateProblem> Rejected { get; init; }

    /// <summary>Those that are stored, and from which no VM can be made on this cluster as it is now; absent: none.</summary>
    public IReadOnlyList<TemplateProblem>? Unusable { get; init; }
}

/// <summary>What is wrong with a template.</summary>
/// <param name="Name">Its name, or its place in the list where it has none.</param>
/// <param name="Reason">Which field, which value, what was expected.</param>
public sealed record TemplateProblem(string Name, string Reason);
