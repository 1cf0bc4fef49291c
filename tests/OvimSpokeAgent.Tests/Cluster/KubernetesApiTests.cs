using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class KubernetesApiTests : KubernetesApiWorld
{
    [Fact]
    public async Task Get_reads_one_object()
    {
        Server.Answers(200, """{"kind":"Widget","metadata":{"name":"web","namespace":"acme","uid":"u-1"},"spec":{"unknown":[]}}""");

        var item = await Api().GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default);

        Assert.Equal((Web, "u-1"), (item.Metadata.Key, item.Metadata.Uid));
        Assert.Equal("GET /apis/example.com/v1/namespaces/acme/widgets/web", Server.Single());
        Assert.Equal($"ovim-spoke-agent/{AgentVersion.Current}", Server.UserAgent);
    }

    [Fact]
    public async Task Of_what_only_metadata_count_only_they_are_asked_for()
    {
        Server.Answers(200, """{"items":[]}""");

        await Api().GetAsync(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ClusterJson.Default.NamespaceObject, default);
        Assert.Equal("application/json", Server.Accept);
        await Api().GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default);
        Assert.Equal("application/json; as=PartialObjectMetadata; g=meta.k8s.io; v=v1", Server.Accept);
        await Api().ListAsync(Widgets, "acme", new ListQuery(), ClusterJson.Default.AnyObject, default);
        Assert.Equal("application/json; as=PartialObjectMetadataList; g=meta.k8s.io; v=v1", Server.Accept);
        await Api().DeleteCollectionAsync(Widgets, "acme", "a=b", default);
        Assert.Equal("application/json; as=PartialObjectMetadataList; g=meta.k8s.io; v=v1", Server.Accept);
    }

    [Fact]
    public async Task Creation_can_be_tried_without_an_effect()
    {
        Server.Answers(201, "{}");

        await Api().CheckCreateAsync(Widgets, "acme", [], default);

        Assert.Equal("POST /apis/example.com/v1/namespaces/acme/widgets?fieldManager=ovim-spoke-agent&dryRun=All application/json {}", Server.Single());
    }

    [Fact]
    public async Task Names_are_escaped_in_the_path()
    {
        Server.Answers(200, "{}");

        await Api().GetAsync(Widgets, new NamespacedName("a/b", "c?d"), ClusterJson.Default.AnyObject, default);

        Assert.Equal("GET /apis/example.com/v1/namespaces/a%2Fb/widgets/c%3Fd", Server.Single());
    }

    [Fact]
    public async Task Core_group_and_cluster_scope_have_paths_of_their_own()
    {
        Server.Answers(200, "{}");

        await Api().GetAsync(KubernetesKinds.Namespace, NamespacedName.ClusterScoped("acme"), ClusterJson.Default.NamespaceObject, default);

        Assert.Equal("GET /api/v1/namespaces/acme", Server.Single());
    }

    [Fact]
    public async Task Path_of_the_server_in_the_kubeconfig_is_kept()
    {
        Server.Answers(200, "{}");

        await Api(host: "https://proxy.example/k8s/clusters/c-1").GetAsync(Widgets, Web, ClusterJson.Default.AnyObject, default);

        Assert.Equal("GET /k8s/clusters/c-1/apis/example.com/v1/namespaces/acme/widgets/web", Server.Single());
    }

    [Fact]
    public async Task List_asks_for_what_the_query_says()
    {
        Server.Answers(200, """{"metadata":{"resourceVersion":"9","continue":"next"},"items":[{"metadata":{"name":"a"}}]}""");

        var page = await Api().ListAsync(
            Widgets,
            "",
            new ListQuery { LabelSelector = "a=b,c", FieldSelector = "x=y", ResourceVersion = "0", Limit = 500, Continue = "a+b/c=" },
            ClusterJson.Default.AnyObject,
            default);

        Assert.Equal("GET /apis/example.com/v1/widgets?labelSelector=a%3Db%2Cc&fieldSelector=x%3Dy&resourceVersion=0&limit=500&continue=a%2Bb%2Fc%3D", Server.Single());
        Assert.Equal(("9", "next", "a"), (page.ResourceVersion, page.Continue, Assert.Single(page.Items).Metadata.Name));
    }

    [Fact]
    public async Task List_without_a_query_has_none()
    {
        Server.Answers(200, """{"metadata":{},"items":[]}""");

        await Api().ListAsync(Widgets, "acme", new ListQuery(), ClusterJson.Default.AnyObject, default);

        Assert.Equal("GET /apis/example.com/v1/namespaces/acme/widgets", Server.Single());
    }

    [Fact]
    public async Task Create_posts_json_under_the_agents_name()
    {
        Server.Answers(201, """{"metadata":{"name":"web","uid":"u-1"}}""");

        var made = await Api().CreateAsync(Widgets, "acme", new JsonObject { ["spec"] = 1 }, ClusterJson.Default.AnyObject, default);

        Assert.Equal("u-1", made.Metadata.Uid);
        Assert.Equal("""POST /apis/example.com/v1/namespaces/acme/widgets?fieldManager=ovim-spoke-agent application/json {"spec":1}""", Server.Single());
    }

    [Fact]
    public async Task Merge_patch_and_apply_say_what_they_are()
    {
        Server.Answers(200, "{}");

        await Api().MergePatchAsync(Widgets, Web, new JsonObject { ["a"] = null }, ClusterJson.Default.AnyObject, default);
        await Api().ApplyAsync(Widgets, Web, new JsonObject { ["b"] = 2 }, ClusterJson.Default.AnyObject, default);

        Assert.Equal(
            [
                """PATCH /apis/example.com/v1/namespaces/acme/widgets/web?fieldManager=ovim-spoke-agent application/merge-patch+json {"a":null}""",
                """PATCH /apis/example.com/v1/namespaces/acme/widgets/web?fieldManager=ovim-spoke-agent&force=true application/apply-patch+yaml {"b":2}""",
            ],
            Server.Requests);
    }

    [Fact]
    public async Task Delete_says_which_object_and_how()
    {
        Server.Answers(200, """{"kind":"Status","status":"Success"}""");

        await Api().DeleteAsync(Widgets, Web, new DeleteOptions(), default);
        await Api().DeleteAsync(
            Widgets, Web, new DeleteOptions { Uid = "u-1", GracePeriod = TimeSpan.FromSeconds(90), Propagation = "Foreground" }, default);
        await Api().DeleteCollectionAsync(Widgets, "acme", "done=yes", default);

        Assert.Equal(
            [
                """DELETE /apis/example.com/v1/namespaces/acme/widgets/web application/json {"apiVersion":"v1","kind":"DeleteOptions"}""",
                """DELETE /apis/example.com/v1/namespaces/acme/widgets/web application/json {"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u-1"},"gracePeriodSeconds":90,"propagationPolicy":"Foreground"}""",
                "DELETE /apis/example.com/v1/namespaces/acme/widgets?labelSelector=done%3Dyes",
            ],
            Server.Requests);
    }

    [Fact]
    public async Task Subresource_is_put_and_its_answer_not_read()
    {
        Server.Answers(202, "");

        await Api().PutSubresourceAsync(Widgets, Web, "stop", new JsonObject { ["gracePeriod"] = 0 }, default);
        await Api().PutSubresourceAsync(Widgets, Web, "start", null, default);

        Assert.Equal(
            [
                """PUT /apis/example.com/v1/namespaces/acme/widgets/web/stop application/json {"gracePeriod":0}""",
                "PUT /apis/example.com/v1/namespaces/acme/widgets/web/start application/json {}",
            ],
            Server.Requests);
    }

    [Fact]
    public async Task Watch_asks_for_bookmarks_and_streams_events()
    {
        Server.Answers(200, """{"type":"ADDED","object":{"metadata":{"name":"a"}}}""" + "\n");

        var events = await Api().WatchAsync(
            Widgets, "", new ListQuery { ResourceVersion = "7", Timeout = TimeSpan.FromMinutes(45) }, ClusterJson.Default.AnyObject, default);

        Assert.Equal("GET /apis/example.com/v1/widgets?resourceVersion=7&timeoutSeconds=2700&watch=1&allowWatchBookmarks=true", Server.Single());
        Assert.Equal("a", Assert.Single(await ToListAsync(events)).Object.Metadata.Name);
    }
}
