using System.Text.Json;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>The templates that VMs are made from.</summary>
internal interface ITemplateSource
{
    /// <summary>Looks a template up; waits until it is known which there are.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="payload">The <c>create_vm</c> that names it.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>The template, or why no VM can be made from it.</returns>
    /// <exception cref="Cluster.KubernetesApiException">Which there are cannot be read now.</exception>
    Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, JsonElement payload, CancellationToken cancellationToken);

    /// <summary>What the cluster lacks for a VM with these fields, each with its field first; empty: nothing that is known of.</summary>
    /// <param name="fields">Those of a <c>create_vm</c>, which can be read.</param>
    /// <param name="ns">The VM's namespace.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    Task<IReadOnlyList<string>> MissingAsync(JsonElement fields, string ns, CancellationToken cancellationToken);
}

/// <summary>A template as a VM is made from it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Content">An object with fields of <c>create_vm</c>, and others that say what it is.</param>
internal sealed record TemplateContent(string Name, JsonElement Content)
{
    /// <summary>Parts of a VM's <c>spec.template.spec</c> that no field says; undefined: none.</summary>
    public JsonElement Carried { get; init; }
}
