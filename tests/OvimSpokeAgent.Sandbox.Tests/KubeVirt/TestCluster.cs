using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using k8s;
using KubernetesSandbox;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

/// <summary>Tests with an aggregated API share one server, so they run one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TestClusterCollection
{
    public const string Name = "clusters with KubeVirt";
}

/// <summary>
/// A cluster with KubeVirt's kinds, a namespace of its own in it, and the sandbox's KubeVirt on a clock that stands still:
/// steps take no time, and what waits (back-off, grace periods) waits for <see cref="Clock"/>.
/// </summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static int _namespaces;
    private static bool _hasCrds;

    private readonly Kubernetes _client;
    private readonly ChangeSignal _changed = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<Kind, ObjectCache> _watched = [];
    private readonly List<Task> _watches = [];
    private readonly ConcurrentQueue<string> _statuses = new();
    private readonly SandboxCluster? _own;

    private TestCluster(KubernetesClientConfiguration connection, SandboxCluster? own)
    {
        (Connection, _own) = (connection, own);
        _client = new Kubernetes(connection);
        Api = new ApiClient(_client);
    }

    /// <summary>
    /// The clusters that are at hand: the sandbox's, and a real API server where <c>OVIM_E2E_KUBECONFIG</c> names one.
    /// </summary>
    public static TheoryData<string> AtHand => [.. NamesAtHand];

    public static string[] NamesAtHand =>
        Environment.GetEnvironmentVariable("OVIM_E2E_KUBECONFIG") is { Length: > 0 } ? ["sandbox", "real"] : ["sandbox"];

    public KubernetesClientConfiguration Connection { get; }

    public ApiClient Api { get; }

    public string Namespace { get; } =
        $"kubevirt-test-{Environment.ProcessId}-{Interlocked.Increment(ref _namespaces)}";

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);

    public SandboxKubeVirt KubeVirt { get; private set; } = null!;

    /// <summary>The sandbox's cluster, where it is one.</summary>
    public SandboxCluster Own => _own ?? throw new InvalidOperationException("a real API server");

    /// <summary>All values of a VM's <c>printableStatus</c>, in the order in which they were seen.</summary>
    public IReadOnlyList<string> StatusesOf(string vm) =>
        [.. _statuses.Where(entry => entry.StartsWith(vm + ":", StringComparison.Ordinal)).Select(entry => entry[(vm.Length + 1)..])];

    public static async Task<TestCluster> StartAsync(string which, Func<SandboxKubeVirtOptions, SandboxKubeVirtOptions>? change = null)
    {
        var cluster = which == "real"
            ? new TestCluster(
                KubernetesClientConfiguration.BuildConfigFromConfigFile(Environment.GetEnvironmentVariable("OVIM_E2E_KUBECONFIG")), null)
            : await StartOwnAsync();
        try
        {
            await cluster.PrepareAsync(change ?? (options => options));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private static async Task<TestCluster> StartOwnAsync()
    {
        var own = await SandboxCluster.StartAsync();
        return new TestCluster(new KubernetesClientConfiguration { Host = own.Url.ToString() }, own);
    }

    public Task<JsonObject> CreateAsync(Kind kind, JsonObject body)
    {
        body.MapAt("metadata")["namespace"] = Namespace;
        body["metadata"]!.AsObject().Remove("uid");
        body["metadata"]!.AsObject().Remove("generation");
        body["metadata"]!.AsObject().Remove("finalizers");
        return Api.CreateAsync(kind, Namespace, body, CancellationToken.None);
    }

    public Task<JsonObject> CreateVmAsync(string strategy = "Always", params Action<JsonObject>[] changes) =>
        CreateAsync(Kinds.Vm, TestObjects.Vm(strategy, changes));

    /// <summary>Changes an object's spec by merge patch.</summary>
    public Task<JsonObject> PatchSpecAsync(Kind kind, string name, string spec) => Api.MergeAsync(
        kind, Name(name), new JsonObject { ["spec"] = JsonNode.Parse(spec) }, CancellationToken.None);

    public async Task DeleteAsync(Kind kind, string name)
    {
        var item = await Api.GetAsync(kind.Path(Name(name)), CancellationToken.None);
        await Api.DeleteAsync(kind, Name(name), item.UidOf(), CancellationToken.None);
    }

    /// <summary>Waits until an object is as wanted.</summary>
    public async Task<JsonObject> UntilAsync(Kind kind, string name, Func<JsonObject, bool> isAsWanted)
    {
        using var limit = new CancellationTokenSource(Bound);
        try
        {
            return await _changed.WaitForAsync(
                () => _watched[kind].Get(Name(name)) is { } item && isAsWanted(item) ? item : null, limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{kind} {name} did not become as wanted within {Bound}: {_watched[kind].Get(Name(name))}");
            throw;
        }
    }

    /// <summary>Waits until an object is gone.</summary>
    public async Task UntilGoneAsync(Kind kind, string name)
    {
        using var limit = new CancellationTokenSource(Bound);
        await _changed.WaitForAsync(() => _watched[kind].Get(Name(name)) is null ? "gone" : null, limit.Token);
    }

    public Task<JsonObject> UntilPrintsAsync(string status, string vm = "web") =>
        UntilAsync(Kinds.Vm, vm, item => item.Text("status", "printableStatus") == status);

    public Task<JsonObject> UntilPhaseAsync(string phase, string vmi = "web") =>
        UntilAsync(Kinds.Vmi, vmi, item => item.Text("status", "phase") == phase);

    public ObjectName Name(string name) => new(Namespace, name);

    /// <summary>Asks for a subresource of a VM through the API server.</summary>
    public async Task<(int Code, JsonObject? Status)> PutAsync(string subresource, string body = "", string vm = "web")
    {
        var path = $"apis/subresources.kubevirt.io/v1/namespaces/{Namespace}/virtualmachines/{vm}/{subresource}";
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(_client.BaseUri, path));
        request.Content = new StringContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _client.HttpClient.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text) as JsonObject);
    }

    /// <summary>Takes back what the VM was asked for and has not done.</summary>
    public Task WithdrawRequestsAsync(string vm = "web") => Api.MergeStatusAsync(
        Kinds.Vm, Name(vm), TestObjects.Parse("""{"status":{"stateChangeRequests":null}}"""), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (KubeVirt is not null)
        {
            // While there is still someone to take the finalizers off.
            await DeleteAllAsync(Kinds.Vm);
            await DeleteAllAsync(Kinds.Vmi);
            await KubeVirt.DisposeAsync();
            var ns = new ObjectName("", Namespace);
            var uid = (await Api.GetAsync(Kinds.Namespace.Path(ns), CancellationToken.None)).UidOf();
            await Api.DeleteAsync(Kinds.Namespace, ns, uid, CancellationToken.None);
        }
        await _stop.CancelAsync();
        await Task.WhenAll(_watches).ContinueWith(_ => { }, TaskScheduler.Default);
        _client.Dispose();
        _stop.Dispose();
        if (_own is not null) await _own.DisposeAsync();
    }

    private async Task DeleteAllAsync(Kind kind)
    {
        // Guests that ignore a shutdown would wait for the clock.
        foreach (var vmi in _watched[Kinds.Vmi].Items)
            await IfThereAsync(PatchSpecAsync(Kinds.Vmi, vmi.NameOf().Name, """{"terminationGracePeriodSeconds":0}"""));
        foreach (var item in _watched[kind].Items)
            await IfThereAsync(Api.DeleteAsync(kind, item.NameOf(), item.UidOf(), CancellationToken.None));
        using var limit = new CancellationTokenSource(Bound);
        await _changed.WaitForAsync(() => _watched[kind].Items.Any() ? null : "empty", limit.Token);
    }

    private static async Task IfThereAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (RefusedException e) when (e.IsNotFound || e.IsConflict)
        {
            // It went by itself.
        }
    }

    private async Task PrepareAsync(Func<SandboxKubeVirtOptions, SandboxKubeVirtOptions> change)
    {
        await ApplyCrdsAsync();
        await Api.CreateAsync(
            Kinds.Namespace, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = Namespace } }, CancellationToken.None);
        KubeVirt = await SandboxKubeVirt.StartAsync(change(new SandboxKubeVirtOptions
        {
            Connection = Connection,
            StepDelay = TimeSpan.Zero,
            TimeProvider = Clock,
            Namespaces = name => name == Namespace,
            HasVirtApi = false,
        }));
        foreach (var kind in new[] { Kinds.Vm, Kinds.Vmi, Kinds.DataVolume, Kinds.Claim })
        {
            var cache = new ObjectCache(Api, kind, name => name == Namespace, NullLogger.Instance);
            cache.Changed += item => Seen(kind, item);
            _watched[kind] = cache;
            _watches.Add(cache.RunAsync(_stop.Token));
        }
        await Task.WhenAll(_watched.Values.Select(cache => cache.Answered)).WaitAsync(Bound);
    }

    private void Seen(Kind kind, JsonObject item)
    {
        if (kind == Kinds.Vm && item.Text("status", "printableStatus") is { } status)
        {
            var entry = $"{item.NameOf().Name}:{status}";
            if (_statuses.LastOrDefault() != entry) _statuses.Enqueue(entry);
        }
        _changed.Set();
    }

    private async Task ApplyCrdsAsync()
    {
        if (_own is not null || _hasCrds) return;
        if (Environment.GetEnvironmentVariable("OVIM_E2E_CRD_DIR") is { Length: > 0 } folder)
        {
            foreach (var file in Directory.GetFiles(folder, "*.yaml")) await ApplyAsync(await File.ReadAllTextAsync(file));
        }
        foreach (var kind in new[] { Kinds.Vm, Kinds.Vmi, Kinds.DataVolume })
        {
            using var limit = new CancellationTokenSource(Bound);
            while (await Api.FindAsync(kind.Path(""), limit.Token) is null) await Task.Delay(50, limit.Token);
        }
        _hasCrds = true;
    }

    private async Task ApplyAsync(string yaml)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(_client.BaseUri, "apis/apiextensions.k8s.io/v1/customresourcedefinitions"));
        request.Content = new StringContent(yaml);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/yaml");
        using var response = await _client.HttpClient.SendAsync(request);
        Assert.Contains(response.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.Conflict });
    }
}
