using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tests.Cluster;

namespace OvimSpokeAgent.Tests.Templates;

/// <summary>What others do to the stored templates.</summary>
public sealed class TemplateStoreTests
{
    private readonly TemplateWorld _world = new();

    public static TheoryData<string> Deeds => ["remove head", "remove part", "remove all", "edit head", "edit part", "unmark head", "unmark part"];

    [Theory, MemberData(nameof(Deeds))]
    public async Task What_someone_does_to_it_while_the_agent_runs_is_undone(string deed)
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));
        await _world.Cache.EnsureStoredAsync(default);
        var before = _world.Cluster.Content();

        Do(deed);
        if (deed.StartsWith("unmark", StringComparison.Ordinal))
        {
            // Without its marks it is not the agent's any more: that is told, and it stays as it is.
            var error = await Assert.ThrowsAsync<KubernetesApiException>(() => _world.Cache.EnsureStoredAsync(default));
            Assert.Contains("is not the agent's", error.Message, StringComparison.Ordinal);
            Assert.Contains("is not the agent's", _world.Cache.Problem, StringComparison.Ordinal);
            _world.Removes(deed == "unmark head" ? TemplatePart.HeadName : _world.Parts[0]);
        }
        await _world.Cache.EnsureStoredAsync(default);

        Assert.Equal(before, _world.Cluster.Content());
        Assert.Null(_world.Cache.Problem);
        _world.Restart();
        Assert.Equal("a b", await _world.NamesAsync());
        Assert.Empty(_world.Cache.Lost);
    }

    [Fact]
    public async Task Cleared_cache_is_what_is_stored()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));
        var (writes, requests) = (_world.Writes().Count, _world.Cluster.Requests.Count);

        Assert.Null(await _world.Cache.ClearAsync(default));

        Assert.Equal("a b", await _world.NamesAsync());
        Assert.NotEqual(requests, _world.Cluster.Requests.Count);
        Assert.Equal(writes, _world.Writes().Count);
    }

    [Theory]
    [InlineData("remove part")]
    [InlineData("edit part")]
    [InlineData("edit head")]
    public async Task Cache_is_not_cleared_for_a_store_that_someone_damaged(string deed)
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));
        var before = _world.Cluster.Content();
        Do(deed);

        Assert.Contains("is damaged", await _world.Cache.ClearAsync(default), StringComparison.Ordinal);

        Assert.Equal("a b", await _world.NamesAsync());
        await _world.Cache.EnsureStoredAsync(default);
        Assert.Equal(before, _world.Cluster.Content());
    }

    [Fact]
    public async Task Cache_stays_where_the_store_cannot_be_read()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable);

        await Assert.ThrowsAsync<KubernetesApiException>(() => _world.Cache.ClearAsync(default));

        Assert.Equal(1, _world.Cache.Count);
    }

    [Theory]
    [InlineData("remove head", "a b", "ConfigMap ovim-templates is missing")]
    [InlineData("edit head", "a b", "ConfigMap ovim-templates does not say which templates count")]
    [InlineData("edit part", "", "does not hold what was stored in it")]
    [InlineData("remove part", "", "is missing")]
    public async Task What_someone_did_while_no_agent_ran_costs_what_it_held_and_is_told(string deed, string left, string told)
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));
        Do(deed);

        _world.Restart();

        Assert.Equal(left, await _world.NamesAsync());
        Assert.Contains(told, Assert.Single(_world.Cache.Lost), StringComparison.Ordinal);
        await _world.Cache.EnsureStoredAsync(default); // what is left is stored as a whole again
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));
        Assert.Empty(_world.Cache.Lost);
        _world.Restart();
        Assert.Equal("a b", await _world.NamesAsync());
        Assert.Empty(_world.Cache.Lost);
    }

    [Theory]
    [InlineData("remove part")]
    [InlineData("edit part")]
    [InlineData("edit head")]
    public async Task Loss_is_told_by_every_agent_until_the_hub_sends_templates_again(string deed)
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));
        Do(deed);
        _world.Restart();
        await _world.Cache.EnsureStoredAsync(default);
        var told = _world.Cache.Lost;
        Assert.Single(told);

        _world.Restart();
        await _world.Cache.EnsureStoredAsync(default);

        Assert.Equal(told, _world.Cache.Lost);
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));
        Assert.Empty(_world.Cache.Lost);
        _world.Restart();
        Assert.Equal("a b", await _world.NamesAsync());
        Assert.Empty(_world.Cache.Lost);
    }

    [Fact]
    public async Task What_people_write_as_lost_is_shown_within_bounds()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Edits(TemplatePart.HeadName, head => head["data"]!["lost"] = string.Join('\n', Enumerable.Repeat(new string('x', 5000), 1000).Select((line, i) => $"{i}{line}")));

        _world.Restart();

        Assert.Equal("a", await _world.NamesAsync());
        Assert.InRange(_world.Cache.Lost.Count, 1, 10);
        Assert.All(_world.Cache.Lost, one => Assert.InRange(one.Length, 1, 301));
    }

    [Fact]
    public async Task Head_that_someone_made_immutable_is_replaced()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Edits(TemplatePart.HeadName, head => head["immutable"] = true);

        await _world.SyncsAsync(TemplateWorld.Template("b"));

        _world.Restart();
        Assert.Equal("b", await _world.NamesAsync());
        Assert.Empty(_world.Cache.Lost);
    }

    [Fact]
    public async Task Immutable_head_of_nonsense_is_replaced()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Removes(TemplatePart.HeadName);
        _world.Has(TemplatePart.HeadName, role: "head", ("parts", "x"));
        _world.Edits(TemplatePart.HeadName, head => head["immutable"] = true);

        _world.Restart();
        await _world.Cache.EnsureStoredAsync(default);

        _world.Restart();
        Assert.Equal("a", await _world.NamesAsync());
        Assert.Single(_world.Cache.Lost); // what the agent before it was told
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Many_configmaps_with_the_marks_push_out_no_part(bool headIsGone)
    {
        for (var i = 0; i < 100; i++)
            _world.Has($"ovim-templates-0000-{i}", role: "part", ("templates", TemplateWorld.Template($"evil{i}")));
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        for (var i = 0; i < 100; i++)
            _world.Has($"ovim-templates-0000-{i}", role: "part", ("templates", TemplateWorld.Template($"evil{i}")));
        if (headIsGone) _world.Removes(TemplatePart.HeadName);

        _world.Restart();

        Assert.Equal("a", await _world.NamesAsync());
        Assert.InRange(_world.Cache.Lost.Count, headIsGone ? 1 : 0, headIsGone ? 10 : 0);
        await _world.Cache.EnsureStoredAsync(default);
        await _world.Cache.EnsureStoredAsync(default);
        Assert.Equal(2, _world.ConfigMaps.Count);
    }

    [Fact]
    public async Task Agent_that_led_before_tells_nothing_of_then()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a", ",\"storage_class\":\"none\""));
        Do("remove part");
        _world.Restart();
        await _world.Cache.GetAsync(default);
        Assert.NotEmpty(_world.Cache.Lost);

        _world.Leadership.StepDown();

        Assert.Empty(_world.Cache.Lost);
        Assert.Null(_world.Cache.Problem);
        Assert.Null(_world.Cache.Count);
        Assert.Empty(_world.Source.Unusable());
    }

    [Fact]
    public async Task Part_that_is_damaged_costs_no_other()
    {
        var large = $",\"description\":\"{new string('x', 30_000)}\"";
        await _world.SyncsAsync(Enumerable.Range(0, 30).Select(i => TemplateWorld.Template($"t{i}", large)));
        Do("edit part");

        _world.Restart();

        Assert.InRange((await _world.Cache.GetAsync(default)).Count, 10, 20);
        Assert.Single(_world.Cache.Lost);
    }

    [Fact]
    public async Task Head_that_someone_shortened_is_not_believed()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));
        _world.Edits(TemplatePart.HeadName, head => head["data"]!["parts"] = "");

        _world.Restart();

        Assert.Equal("a b", await _world.NamesAsync());
        Assert.Contains("was changed", Assert.Single(_world.Cache.Lost), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configmap_of_someone_else_with_the_heads_name_stays_and_is_named()
    {
        _world.Has(TemplatePart.HeadName, role: null, ("mine", "yes"));
        var before = _world.Cluster.Content();

        var error = await Assert.ThrowsAsync<KubernetesApiException>(_world.Sync(TemplateWorld.Payload(TemplateWorld.Template("a"))).RunAsync);

        Assert.StartsWith("templates cannot be stored: ConfigMap ovim-system/ovim-templates is not the agent's", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, _world.Cluster.Content());
    }

    [Fact]
    public async Task Configmaps_without_the_marks_are_neither_read_nor_removed()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Has("ovim-templates-0123", role: null, ("templates", TemplateWorld.Template("x")));
        _world.Has("config", role: null, ("templates", "x"));
        _world.Has("of-another-name", role: "part", ("templates", TemplateWorld.Template("y")));

        await _world.Cache.EnsureStoredAsync(default);
        await _world.SyncsAsync(TemplateWorld.Template("b"));
        _world.Restart();

        Assert.Equal("b", await _world.NamesAsync());
        Assert.Subset(_world.ConfigMaps.ToHashSet(), new HashSet<string> { "ovim-templates-0123", "config", "of-another-name" });
    }

    [Fact]
    public async Task Part_with_the_marks_that_no_agent_wrote_is_removed_and_never_counted()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Has("ovim-templates-00112233445566778899aabbccddeeff", role: "part", ("templates", TemplateWorld.Template("evil")));

        _world.Restart();
        await _world.Cache.EnsureStoredAsync(default);

        Assert.Equal("a", await _world.NamesAsync());
        Assert.Equal(2, _world.ConfigMaps.Count);
    }

    [Fact]
    public async Task Damaged_part_in_the_place_of_one_that_is_to_be_written_is_replaced()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        var name = _world.Parts.Single();
        await _world.SyncsAsync();
        _world.Has(name, role: "part", ("templates", "damaged"));

        await _world.SyncsAsync(TemplateWorld.Template("a"));

        _world.Restart();
        Assert.Equal("a", await _world.NamesAsync());
        Assert.Empty(_world.Cache.Lost);
    }

    [Fact]
    public async Task Calm_cluster_costs_one_small_request_a_look()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        await _world.Cache.EnsureStoredAsync(default);
        _world.Cluster.ForgetRequests();

        await _world.Cache.EnsureStoredAsync(default);

        Assert.Equal("list", Assert.Single(_world.Cluster.Requests).Verb);
    }

    [Fact]
    public async Task Agent_that_does_not_lead_reads_nothing()
    {
        _world.Leadership.StepDown();

        var e = await Assert.ThrowsAsync<KubernetesApiException>(() => _world.Cache.GetAsync(default));

        Assert.Equal(ApiErrorReason.NotLeading, e.Reason);
        Assert.Empty(_world.Cluster.Requests);
    }

    [Fact]
    public async Task Read_that_fails_is_told_and_tried_again_by_who_asks_next()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        _world.Restart();
        _world.Cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Forbidden, "configmaps is forbidden");

        await Assert.ThrowsAsync<KubernetesApiException>(() => _world.Cache.FindAsync("a", default));
        Assert.Equal("configmaps is forbidden", _world.Cache.Problem);
        _world.Cluster.Fault = null;

        Assert.NotNull((await _world.Cache.FindAsync("a", default)).Template);
        Assert.Null(_world.Cache.Problem);
    }

    [Fact]
    public async Task Unknown_template_is_told_with_how_many_there_are()
    {
        await _world.SyncsAsync(TemplateWorld.Template("a"), TemplateWorld.Template("b"));

        Assert.Equal("template_name: \"c\" is not known here; there are 2 templates", (await _world.Cache.FindAsync("c", default)).Refusal);
    }

    [Fact]
    public async Task Keeper_undoes_what_someone_does_within_a_minute()
    {
        using var end = new CancellationTokenSource();
        await _world.SyncsAsync(TemplateWorld.Template("a"));
        var keeper = new TemplateKeeper(_world.Cache, _world.Leadership, _world.Settings, () => 0.5, _world.Time).RunAsync(end.Token);
        Do("remove all");

        await _world.Time.UntilAsync(() => _world.ConfigMaps.Count == 2);

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => keeper);
    }

    private void Do(string deed)
    {
        var part = _world.Parts[0];
        switch (deed)
        {
            case "remove head": _world.Removes(TemplatePart.HeadName); break;
            case "remove part": _world.Removes(part); break;
            case "remove all":
                foreach (var name in _world.ConfigMaps) _world.Removes(name);
                break;
            case "edit head": _world.Edits(TemplatePart.HeadName, head => head["data"] = new System.Text.Json.Nodes.JsonObject { ["parts"] = "x" }); break;
            case "edit part": _world.Edits(part, map => map["data"]!["templates"] = TemplateWorld.Template("evil")); break;
            case "unmark head": _world.Edits(TemplatePart.HeadName, map => map["metadata"]!.AsObject().Remove("labels")); break;
            case "unmark part": _world.Edits(part, map => map["metadata"]!.AsObject().Remove("labels")); break;
            default: throw new ArgumentOutOfRangeException(nameof(deed));
        }
    }
}
