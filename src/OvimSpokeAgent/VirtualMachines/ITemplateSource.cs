using System.Text.Json;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>The templates that VMs are made from.</summary>
internal interface ITemplateSource
{
    /// <summary>Looks a template up; waits until it is known which there are.</summary>
    /// <returns>The template, or why no VM can be made from it.</returns>
    /// <exception cref="Cluster.KubernetesApiException">Which there are cannot be read now.</exception>
    Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A template as a VM is made from it.</summary>
/// <param name="Name">Its name, a label value.</param>
/// <param name="Content">An object with fields of <c>create_vm</c>, and others that say what it is.</param>
internal sealed record TemplateContent(string Name, JsonElement Content);
