using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox.Cluster;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

/// <summary>Whatever is sent, the answer is an answer, and the control plane goes on.</summary>
public sealed class MalformedRequestTests : IAsyncLifetime, IDisposable
{
    private const int Rounds = 150;

    private static readonly string[] Types =
    [
        "application/json", "application/yaml", "application/merge-patch+json", "application/json-patch+json",
        "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/vnd.kubernetes.protobuf", "text/plain",
    ];

    private static readonly string[] Junk =
    [
        "null", "1", "-1.5", "true", "\"\"", "\"x\"", "\"Ünï ✗\"", "[]", "{}", "[1]", "[null]", "[{}]", "{\"\":1}", "{\"$patch\":\"x\"}",
        "{\"a\":null}", "[[{\"a\":[]}]]", "{\"$setElementOrder/x\":5,\"$deleteFromPrimitiveList/y\":{}}", "99999999999999999999",
        "[{\"op\":\"add\",\"path\":\"/metadata\",\"value\":7}]", "[{\"op\":\"remove\",\"path\":\"/metadata/name\"}]",
        "[{\"fieldsV1\":{\"\":{},\"k:x\":{},\"f:data\":{\"v:\":5}},\"manager\":\"m\"}]",
    ];

    private SandboxCluster _cluster = null!;
    private HttpClient _client = null!;

    public static TheoryData<string> Kinds =>
        [.. BuiltInKinds.All.Select(kind => kind.Resource.ToString()).Append("virtualmachines.kubevirt.io").Distinct()];

    public async Task InitializeAsync()
    {
        _cluster = await SandboxCluster.StartAsync();
        _client = new HttpClient { BaseAddress = _cluster.Url };
        _cluster.Objects("v1", "namespaces").Create(new() { ["metadata"] = new JsonObject { ["name"] = "try" } });
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    public void Dispose() => _client.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_malformed_request_gets_a_status_and_nothing_breaks(string resource)
    {
        var random = new Random(resource.Length);
        var kind = BuiltInKinds.All.Concat(KubeVirtKinds.All).First(one => one.Resource.ToString() == resource);
        var path = (kind.Group.Length == 0 ? "api/v1/" : $"apis/{kind.ApiVersion}/")
            + (kind.Namespaced ? "namespaces/try/" : "") + kind.Plural;

        for (var i = 0; i < Rounds; i++) await SendAsync(random, kind, path);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var listed = await _client.GetAsync(new Uri(path, UriKind.Relative), patience.Token);
        using var discovered = await _client.GetAsync(new Uri("apis", UriKind.Relative), patience.Token);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (listed.StatusCode, discovered.StatusCode));
        await TheNamespaceEndsAsync(patience.Token);
    }

    private async Task SendAsync(Random random, ResourceKind kind, string path)
    {
        var method = (HttpMethod[])[HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete];
        var verb = method[random.Next(method.Length)];
        var target = verb == HttpMethod.Post ? path : $"{path}/{NameOf(kind)}{(random.Next(5) == 0 ? "/status" : "")}";
        using var request = new HttpRequestMessage(verb, $"{target}?fieldManager=m&force={(random.Next(2) == 0 ? "true" : "")}");
        var body = random.Next(6) == 0 ? Junk[random.Next(Junk.Length)] : Mutated(random, Sample(kind));
        request.Content = new StringContent(body, Encoding.UTF8);
        // Mostly types that fit, so that more comes through.
        var type = verb == HttpMethod.Patch ? Types[random.Next(2, 6)] : random.Next(4) == 0 ? Types[random.Next(Types.Length)] : Types[0];
        request.Content.Headers.ContentType = new(type);

        using var response = await _client.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();

        Assert.True((int)response.StatusCode < 500 || answer.Contains("resourceVersion should not be set", StringComparison.Ordinal), $"{request.Method} {target}: {body}\n{(int)response.StatusCode} {answer}");
        Assert.True((int)response.StatusCode < 300 || answer.Contains("\"kind\":\"Status\"", StringComparison.Ordinal), answer);
    }

    private async Task TheNamespaceEndsAsync(CancellationToken cancellationToken)
    {
        // What has finalizers of its own would keep the namespace, and that would be right.
        foreach (var kind in BuiltInKinds.All.Concat(KubeVirtKinds.All).Where(kind => kind.Namespaced))
        {
            var objects = _cluster.Objects(kind.ApiVersion, kind.Plural);
            foreach (var one in objects.List("try").Where(one => one["metadata"]!["finalizers"] is not null))
            {
                objects.Patch(
                    "try", (string)one["metadata"]!["name"]!, new() { ["metadata"] = new JsonObject { ["finalizers"] = null } });
            }
        }
        _cluster.Objects("v1", "namespaces").Delete("", "try");
        await _cluster.Objects("v1", "namespaces").WaitUntilGoneAsync("", "try", cancellationToken);
    }

    private static string NameOf(ResourceKind kind) => kind.Plural switch
    {
        "customresourcedefinitions" => "gears.fuzz.io",
        "apiservices" => "v1.fuzz.io",
        _ => "a",
    };

    private static JsonObject Sample(ResourceKind kind)
    {
        var sample = JsonNode.Parse("""
            {"metadata":{"labels":{"a":"b"},"annotations":{"a":"b"},"finalizers":["ovim.io/x"],"resourceVersion":null,
              "ownerReferences":[{"apiVersion":"v1","kind":"X","name":"x","uid":"x"}],
              "managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsV1":{"f:data":{"f:k":{}}}}]},
             "data":{"k":"dg=="},"type":"t","status":{"phase":"Active","conditions":[{"type":"Ready","status":"True"}]},
             "roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"}],"rules":[{"verbs":["get"]}],
             "spec":{"containers":[{"name":"a","image":"b","resources":{"limits":{"cpu":"1"}}}],"hard":{"pods":"1"},"group":"fuzz.io","version":"v1",
              "limits":[{"type":"Container","max":{"cpu":"1"}}],"ingress":[{"ports":[{"port":1}]}],"policyTypes":["Ingress"],
              "ports":[{"port":1}],"scope":"Namespaced","names":{"plural":"gears","kind":"Gear","shortNames":["g"]},
              "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"properties":{"spec":{"items":{}}}}},
                "additionalPrinterColumns":[{"name":"a","jsonPath":".b"}]}],
              "service":{"name":"s","namespace":"try","port":1},"resources":{"requests":{"storage":"1"}}}}
            """)!.AsObject();
        (sample["apiVersion"], sample["kind"], sample["metadata"]!["name"]) = (kind.ApiVersion, kind.Kind, NameOf(kind));
        return sample;
    }

    /// <summary>The text of an object of which one to three values were replaced by junk or removed.</summary>
    private static string Mutated(Random random, JsonObject sample)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            JsonNode at = sample;
            while (true)
            {
                var children = at switch
                {
                    JsonObject map => map.Where(pair => pair.Key is not ("kind" or "apiVersion")).Select(pair => (Key: pair.Key, pair.Value)).ToList(),
                    JsonArray list => [.. list.Select((item, n) => ($"{n}", item))],
                    _ => [],
                };
                if (children.Count == 0) break;
                var (key, child) = children[random.Next(children.Count)];
                if (child is JsonObject or JsonArray && random.Next(4) > 0)
                {
                    at = child;
                    continue;
                }
                var junk = JsonNode.Parse(Junk[random.Next(Junk.Length)]);
                if (at is JsonObject parent) parent[key] = junk;
                else ((JsonArray)at)[int.Parse(key, System.Globalization.CultureInfo.InvariantCulture)] = junk;
                break;
            }
        }
        var text = sample.ToJsonString();
        return random.Next(20) == 0 ? text[..random.Next(text.Length)] : text;
    }
}
