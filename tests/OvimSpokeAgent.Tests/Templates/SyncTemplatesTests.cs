using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.Tests.Configuration;

namespace OvimSpokeAgent.Tests.Templates;

public sealed class SyncTemplatesTests
{
    private readonly TemplateWorld _world = new();

    [Fact]
    public async Task List_takes_the_place_of_what_was_there()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));

        var result = await _world.SyncsAsync(TemplateWorld.Template("b"), TemplateWorld.Template("c"), "{}");

        Assert.Equal((2, 1, "templates[2]"), (result.SyncedTemplates, result.Removed, result.Rejected.Single().Name));
        Assert.Equal("b c", await _world.NamesAsync());
    }

    [Fact]
    public async Task What_is_stored_is_there_after_a_restart()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a", ",\"cloud_init\":\"#cloud-config\\nä\""), TemplateWorld.Template("b"));
        var before = await _world.Cache.GetAsync(default);

        _world.Restart();

        Assert.True(before.IsSameAs(await _world.Cache.GetAsync(default)));
        Assert.Empty(_world.Cache.Lost);
    }

    [Fact]
    public async Task Explicitly_empty_list_removes_all()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));

        var result = await _world.SyncsAsync();

        Assert.Equal((0, 1), (result.SyncedTemplates, result.Removed));
        Assert.Equal([TemplatePart.HeadName], _world.ConfigMaps);
        _world.Restart();
        Assert.Equal("", await _world.NamesAsync());
        Assert.Empty(_world.Cache.Lost);
    }

    [Fact]
    public async Task What_is_stored_and_of_no_use_on_this_cluster_is_told_with_the_reason()
    {
        var result = await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b", ",\"storage_class\":\"fast\""));

        Assert.Equal(2, result.SyncedTemplates);
        Assert.Empty(result.Rejected);
        var unusable = Assert.Single(result.Unusable!);
        Assert.Equal(("b", "storage_class: the cluster has no StorageClass \"fast\""), (unusable.Name, unusable.Reason));
        Assert.Null((await _world.SyncsAsync(TemplateWorld.Template("a"))).Unusable);
    }

    [Theory]
    [InlineData("{}", "templates: missing, expected an array; an empty one, [], for none")]
    [InlineData("""{"templates":null}""", "templates: missing, expected an array; an empty one, [], for none")]
    [InlineData("""{"templates":{}}""", "templates: an object of 2 bytes (not shown) is not an array")]
    [InlineData("""{"templates":"all"}""", "templates: a string of 5 bytes (not shown) is not an array")]
    public void What_is_no_list_is_refused(string payload, string error)
    {
        var reader = new PayloadReader(JsonElement.Parse(payload));

        Assert.Null(new SyncTemplatesHandler(_world.Cache, _world.Source, _world.Settings).Plan(reader));

        Assert.Equal(error, Assert.Single(reader.Errors));
    }

    [Fact]
    public void Agent_that_takes_no_templates_names_the_setting()
    {
        var reader = new PayloadReader(JsonElement.Parse(TemplateWorld.Payload()));
        var settings = new TestEnvironment().With("OVIM_FEATURE_TEMPLATE_SYNC", "false").LoadClean();

        new SyncTemplatesHandler(_world.Cache, _world.Source, settings).Plan(reader);

        Assert.Equal("OVIM_FEATURE_TEMPLATE_SYNC: it is false, so that this agent takes no templates from the hub", Assert.Single(reader.Errors));
    }

    [Fact]
    public async Task Same_list_again_writes_nothing()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Cluster.ForgetRequests();

        var again = _world.Sync(TemplateWorld.Payload(TemplateWorld.Template("a")));
        var result = await TemplateWorld.ResultOfAsync(again);

        Assert.Equal((1, 0), (result.SyncedTemplates, result.Removed));
        Assert.Empty(_world.Writes());
        Assert.Null(again.Checkpoint);
    }

    [Fact]
    public async Task Set_that_is_large_is_stored_in_parts_that_fit_into_a_configmap()
    {
        var large = $",\"description\":\"{new string('x', 30_000)}\"";

        await _world.SyncsAsync(Enumerable.Range(0, 100).Select(i => TemplateWorld.Template($"t{i}", large)));

        Assert.Equal(6, _world.Parts.Count);
        Assert.All(_world.Parts, part => Assert.InRange(
            ((string)_world.Cluster.Find(KubernetesKinds.ConfigMap, new(TemplateWorld.Namespace, part))!["data"]!["templates"]!).Length, 1, 512 << 10));
        _world.Restart();
        Assert.Equal(100, (await _world.Cache.GetAsync(default)).Count);
    }

    // Every write in turn is the last of a process: its answer is lost, and the operation is done again by the next.
    [Fact]
    public async Task Crash_after_any_write_leaves_the_old_set_or_the_new_one_and_the_operation_ends_as_if_nothing_had_happened()
    {
        string[] old = [TemplateWorld.Template("a"), TemplateWorld.Template("b")];
        string[] next = [.. Enumerable.Range(0, 40).Select(i => TemplateWorld.Template($"n{i}", $",\"description\":\"{new string('x', 30_000)}\"")), "5"];
        var (undisturbed, undisturbedContent) = await CrashAsync(old, next, 0);
        var writes = 1;
        for (; ; writes++)
        {
            var (result, content) = await CrashAsync(old, next, writes);
            Assert.Equal(undisturbed, result);
            Assert.Equal(undisturbedContent, content);
            if (!_hasCrashed) break;
        }

        Assert.InRange(writes, 6, 10); // three parts, the head, the old part
    }

    private bool _hasCrashed;

    private async Task<(string Result, IReadOnlyList<string> Content)> CrashAsync(string[] old, string[] next, int after)
    {
        var world = new TemplateWorld();
        await world.SyncsAsync(old);
        var execution = world.Sync(TemplateWorld.Payload(next));
        var writes = 0;
        _hasCrashed = false;
        world.Cluster.LostAnswer = request =>
        {
            if (request.Verb is "list" or "get" || ++writes != after) return null;
            _hasCrashed = true;
            return new InvalidOperationException("crash");
        };
        try
        {
            await execution.RunAsync();
        }
        catch (InvalidOperationException)
        {
            // The process is no more.
        }
        world.Cluster.LostAnswer = null;
        world.Restart();
        Assert.Contains(await world.NamesAsync(), (string[])["a b", string.Join(' ', Enumerable.Range(0, 40).Select(i => $"n{i}").Order(StringComparer.Ordinal))]);
        Assert.Empty(world.Cache.Lost);
        var result = await TemplateWorld.ResultOfAsync(world.Sync(TemplateWorld.Payload(next), execution.Checkpoint));
        await world.Cache.EnsureStoredAsync(default);
        return (JsonSerializer.Serialize(result, OvimSpokeAgent.Contract.ContractJson.Default.TemplateSyncResult), world.Cluster.Content());
    }

    [Fact]
    public async Task First_set_that_a_crash_cut_off_is_not_there_in_part()
    {
        _world.Cluster.LostAnswer = request => request.Name.Name.StartsWith("ovim-templates-", StringComparison.Ordinal)
            ? new InvalidOperationException("crash") : null;
        await Assert.ThrowsAsync<InvalidOperationException>(_world.Sync(TemplateWorld.Payload(TemplateWorld.Template("a"))).RunAsync);
        _world.Cluster.LostAnswer = null;

        _world.Restart();

        Assert.Equal("", await _world.NamesAsync());
        Assert.Empty(_world.Cache.Lost);
        await _world.Cache.EnsureStoredAsync(default);
        Assert.Equal([TemplatePart.HeadName], _world.ConfigMaps);
    }

    [Fact]
    public async Task Readers_see_the_old_set_until_the_new_one_is_stored()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Cluster.Fault = request => request.Verb == "apply" ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        var execution = _world.Sync(TemplateWorld.Payload(TemplateWorld.Template("b")));

        await Assert.ThrowsAsync<KubernetesApiException>(execution.RunAsync);

        Assert.Equal("a", await _world.NamesAsync());
        _world.Cluster.Fault = null;
        Assert.Equal(1, (await TemplateWorld.ResultOfAsync(execution)).Removed);
        Assert.Equal("b", await _world.NamesAsync());
    }
}
