using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Templates;

/// <summary>The agent's templates over a cluster in memory.</summary>
internal sealed class TemplateWorld
{
    public const string Namespace = "ovim-system";

    private TemplateStore _store = null!;

    public TemplateWorld()
    {
        Cluster = new FakeKubernetesApi(Time);
        Cluster.HasNamespace(Namespace, managed: false);
        Platform = new PlatformWorld(Time).Start();
        Restart();
    }

    /// <summary>What templates need of the cluster.</summary>
    public PlatformWorld Platform { get; }

    public TemplateSource Source { get; private set; } = null!;

    public TestTime Time { get; } = new();

    public AgentSettings Settings { get; } = new TestEnvironment().LoadClean();

    public FakeKubernetesApi Cluster { get; }

    public SoleLeadership Leadership { get; private set; } = null!;

    public TemplateCache Cache { get; private set; } = null!;

    /// <summary>The names of the ConfigMaps there are.</summary>
    public IReadOnlyList<string> ConfigMaps =>
        [.. Cluster.ObjectsIn(Namespace).Where(item => item.Kind == KubernetesKinds.ConfigMap).Select(item => item.Name.Name)];

    public IReadOnlyList<string> Parts => [.. ConfigMaps.Where(name => name != TemplatePart.HeadName)];

    /// <summary>Another agent over the same cluster, which leads from now on.</summary>
    public void Restart()
    {
        Leadership = new SoleLeadership();
        _store = new TemplateStore(Cluster, Settings);
        Cache = new TemplateCache(_store, Leadership, NullLogger<TemplateCache>.Instance);
        Source = new TemplateSource(Cache, Platform.Offer, Platform.Templates);
    }

    /// <summary>A template that is well formed.</summary>
    public static string Template(string name, string more = "") => $$"""{"name":"{{name}}","image_url":"img","cpu":1,"memory":"1Gi"{{more}}}""";

    public static string Payload(params IEnumerable<string> templates) => $$"""{"templates":[{{string.Join(',', templates)}}]}""";

    public Execution Sync(string payload, string? checkpoint = null) =>
        VmWorld.Of(new SyncTemplatesHandler(Cache, Source, Settings), payload, fact: checkpoint);

    public Task<TemplateSyncResult> SyncsAsync(params IEnumerable<string> templates) => ResultOfAsync(Sync(Payload(templates)));

    public static async Task<TemplateSyncResult> ResultOfAsync(Execution execution)
    {
        var outcome = await execution.RunUntilDoneAsync();
        Assert.Null(outcome.Error);
        return outcome.Result!.Value.Deserialize(ContractJson.Default.TemplateSyncResult)!;
    }

    /// <summary>The names of all templates.</summary>
    public async Task<string> NamesAsync() => string.Join(' ', (await Cache.GetAsync(default)).All.Select(template => template.Name));

    /// <summary>Someone makes a ConfigMap; with the store's marks if told so.</summary>
    public void Has(string name, string? role, params (string Key, string Value)[] data)
    {
        var labels = new JsonObject();
        if (role is not null) labels = new() { [WellKnownNames.ManagedByLabel] = WellKnownNames.Agent, [WellKnownNames.TemplateStoreLabel] = role };
        var content = new JsonObject();
        foreach (var (key, value) in data) content[key] = value;
        Cluster.Has(KubernetesKinds.ConfigMap, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = Namespace, ["labels"] = labels },
            ["data"] = content,
        });
    }

    public void Removes(string configMap) => Cluster.Remove(KubernetesKinds.ConfigMap, new NamespacedName(Namespace, configMap));

    public void Edits(string configMap, Action<JsonObject> change) =>
        Cluster.Change(KubernetesKinds.ConfigMap, new NamespacedName(Namespace, configMap), change);

    /// <summary>What was written to the cluster: verb and name.</summary>
    public IReadOnlyList<string> Writes() =>
        [.. Cluster.Requests.Where(request => request.Verb is not ("get" or "list" or "watch")).Select(request => $"{request.Verb} {request.Name.Name}")];

    public static JsonElement List(params IEnumerable<string> templates) =>
        JsonElement.Parse(Encoding.UTF8.GetBytes($"[{string.Join(',', templates)}]"));
}
