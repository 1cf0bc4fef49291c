using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>Templates that a test has.</summary>
internal sealed class FakeTemplates : ITemplateSource
{
    private readonly Dictionary<string, string> _templates = [];

    /// <summary>What asking for one fails with.</summary>
    public KubernetesApiException? Fault { get; set; }

    /// <summary>What the cluster lacks.</summary>
    public IReadOnlyList<string> Missing { get; set; } = [];

    public Task<IReadOnlyList<string>> MissingAsync(JsonElement fields, string ns, CancellationToken cancellationToken) =>
        Task.FromResult(Missing);

    public void Has(string name, string json) => _templates[name] = json;

    public FakeTemplates With(string name, string json)
    {
        Has(name, json);
        return this;
    }

    public void HasNoMore(string name) => _templates.Remove(name);

    public async Task<(TemplateContent? Template, string? Refusal)> FindAsync(string name, JsonElement payload, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (Fault is { } fault) throw fault;
        return _templates.TryGetValue(name, out var json)
            ? (new TemplateContent(name, JsonElement.Parse(json)), null)
            : (null, $"template_name: \"{name}\" is not known here");
    }
}
