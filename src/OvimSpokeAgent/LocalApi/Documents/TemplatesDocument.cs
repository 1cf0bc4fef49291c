using OvimSpokeAgent.Contract;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/templates</c>: what <c>create_vm</c> can name, and what keeps it from being used.</summary>
internal sealed record TemplatesDocument
{
    /// <summary>The hub's templates that are stored; absent: they are not read yet, or another agent keeps them.</summary>
    public int? Stored { get; init; }

    /// <summary>Why they cannot be read or stored.</summary>
    public string? Problem { get; init; }

    /// <summary>Why the hub's cannot be taken.</summary>
    public string? PullProblem { get; init; }

    /// <summary>What was stored and cannot be read: the hub has to send it again.</summary>
    public required IReadOnlyList<string> Lost { get; init; }

    /// <summary>Those of the hub's last list that were rejected, with the reason.</summary>
    public required IReadOnlyList<TemplateProblem> Rejected { get; init; }

    /// <summary>All there are, those of the cluster too.</summary>
    public required int Count { get; init; }

    /// <summary>The first of them; one with a <c>reason</c> cannot be used here.</summary>
    public required IReadOnlyList<ListedTemplate> Templates { get; init; }
}
