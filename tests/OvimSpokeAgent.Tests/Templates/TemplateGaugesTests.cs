using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tests.Hub;
using Prometheus;

namespace OvimSpokeAgent.Tests.Templates;

public sealed class TemplateGaugesTests : IDisposable
{
    private readonly HubWorld _hub = new();
    private readonly TemplateWorld _world = new();
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly TemplatePull _pull;
    private readonly TemplateGauges _gauges;

    public TemplateGaugesTests()
    {
        _pull = new TemplatePull(
            _hub.Client, _hub.Connection, _world.Cache, _world.Leadership, _world.Settings, _hub.Time, () => 0.5, NullLogger<TemplatePull>.Instance);
        _gauges = new TemplateGauges(_world.Cache, _world.Source, _pull, Prometheus.Metrics.WithCustomRegistry(_registry));
    }

    [Fact]
    public async Task Templates_are_counted_by_what_can_be_done_with_them()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"), TemplateWorld.Template("c", ",\"storage_class\":\"none\""));

        Assert.Equal(["rejected 0", "unusable 1", "usable 2"], await ShownAsync());
    }

    [Fact]
    public async Task Report_names_the_first_of_those_that_are_of_no_use()
    {
        Assert.Empty(_world.Source.UnusableForReport());
        await _world.SyncsAsync([TemplateWorld.Template("fine"), .. Enumerable.Range(0, 50).Select(i => TemplateWorld.Template($"t{i:00}", $",\"storage_class\":\"{new string('x', 200)}\",\"preference\":\"{new string('y', 60)}\",\"network_name\":\"{new string('z', 60)}\""))]);

        var told = _world.Source.UnusableForReport();

        Assert.Equal(21, told.Count);
        Assert.Equal(("t00", "…", "and 30 more that are not told"), (told[0].Name, told[20].Name, told[20].Reason));
        Assert.All(told, one => Assert.InRange(one.Reason.Length, 1, 301));
    }

    [Fact]
    public async Task Agent_that_does_not_lead_counts_none()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        Assert.NotEmpty(await ShownAsync());

        _world.Leadership.StepDown();

        Assert.Empty(await ShownAsync());
        Assert.Equal(
            HealthFinding.Healthy("kept by the agent that leads"), new TemplatesCheck(_world.Cache, _world.Source, _pull, _world.Settings).Check());
    }

    public void Dispose() => _hub.Dispose();

    private async Task<IReadOnlyList<string>> ShownAsync()
    {
        _gauges.Update();
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return
        [
            .. Encoding.UTF8.GetString(text.ToArray()).Split('\n').Where(line => line.StartsWith("ovim_agent_templates{", StringComparison.Ordinal))
                .Select(line => line.Replace("ovim_agent_templates{state=\"", "", StringComparison.Ordinal).Replace("\"}", "", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
    }
}
