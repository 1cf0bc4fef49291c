namespace OvimSpokeAgent.Contract;

/// <summary>The result of <c>list_templates</c>.</summary>
public sealed record TemplateListing
{
    public required IReadOnlyList<ListedTemplate> Templates { get; init; }

    /// <summary>How many there are.</summary>
    public required int Count { get; init; }

    /// <summary>There are more than are listed.</summary>
    public bool? Truncated { get; init; }
}

/// <summary>A template that <c>create_vm</c> can name.</summary>
public sealed record ListedTemplate
{
    public required string Name { get; init; }

    /// <summary><c>hub</c>, <c>openshift</c>, <c>instancetype</c> or <c>preference</c>.</summary>
    public required string Source { get; init; }

    /// <summary>The hub cannot change it: it is the cluster's.</summary>
    public required bool ReadOnly { get; init; }

    public string? DisplayName { get; init; }

    /// <summary>Why no VM can be made of it on this cluster as it is now; absent: one can.</summary>
    public string? Reason { get; init; }

    /// <summary>Parameters that <c>create_vm</c> has to give; absent: none.</summary>
    public IReadOnlyList<string>? Parameters { get; init; }

    /// <summary>Another template of the name counts; absent: this one does.</summary>
    public bool? Hidden { get; init; }
}
