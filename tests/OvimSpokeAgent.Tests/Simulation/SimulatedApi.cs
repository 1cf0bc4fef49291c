using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;

namespace OvimSpokeAgent.Tests.Simulation;

/// <summary>What the network does to requests, decided for each by chance.</summary>
internal sealed class SimulatedNetwork(Simulator simulator)
{
    /// <summary>How likely a request is lost before it takes effect, 0 to 1.</summary>
    public double Losses { get; set; }

    /// <summary>How likely an answer is lost after its request took effect, 0 to 1.</summary>
    public double LostAnswers { get; set; }

    /// <summary>Nothing passes.</summary>
    public bool IsDown { get; set; }

    /// <summary>Requests that fail although all others pass.</summary>
    public Func<string, bool> Fails { get; set; } = _ => false;

    /// <summary>The longest way one way.</summary>
    public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Told of a request when it arrives.</summary>
    public Action<string> Arrived { get; set; } = _ => { };

    /// <summary>Told of a request when it took effect.</summary>
    public Action<string> Done { get; set; } = _ => { };

    /// <summary>Asked when a request arrives: if so, it has no effect.</summary>
    public Func<bool> IsCutOff { get; set; } = () => false;

    /// <summary>Carries a request there and its answer back.</summary>
    /// <exception cref="KubernetesApiException">It was lost on the way, or its answer was.</exception>
    public async Task<T> CarryAsync<T>(string request, Func<Task<T>> act, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Who sent it may give up waiting, stand still or die; the request goes on.
        var answer = new TaskCompletionSource<T>();
        simulator.World.Run(() => _ = GoAsync(request, act, answer));
        await using var cancel = cancellationToken.UnsafeRegister(_ => answer.TrySetCanceled(cancellationToken), null);
        return await answer.Task;
    }

    private async Task GoAsync<T>(string request, Func<Task<T>> act, TaskCompletionSource<T> answer)
    {
        try
        {
            await TravelAsync(IsDown || Fails(request) || Hits(Losses));
            Arrived(request);
            if (IsCutOff()) return;
            var result = await act();
            Done(request);
            await TravelAsync(IsDown || Hits(LostAnswers));
            answer.TrySetResult(result);
        }
        catch (Exception e)
        {
            answer.TrySetException(e);
        }
    }

    private async Task TravelAsync(bool isLost)
    {
        var wait = isLost && Hits(0.2) ? TimeSpan.FromSeconds(30) : Latency;
        await Task.Delay(simulator.Between(TimeSpan.Zero, wait), simulator.Time);
        if (isLost) throw new KubernetesApiException(ApiErrorReason.Unavailable, "the connection broke");
    }

    private bool Hits(double probability) => probability > 0 && simulator.Random.NextDouble() < probability;
}

/// <summary>A client of <see cref="FakeKubernetesApi"/> across a <see cref="SimulatedNetwork"/>.</summary>
internal sealed class SimulatedApi(FakeKubernetesApi server, SimulatedNetwork network, ClusterConnectivity? connectivity = null)
    : IKubernetesApi
{
    public Task<T> GetAsync<T>(
        ResourceKind kind, NamespacedName name, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync($"get {kind} {name}", () => server.GetAsync(kind, name, type, default), cancellationToken);

    public Task<bool> IsServedAsync(ResourceKind kind, CancellationToken cancellationToken) =>
        SendAsync($"discover {kind}", () => server.IsServedAsync(kind, default), cancellationToken);

    // Nothing of an answer that is lost on the way is taken.
    public async Task<ListPage> ListAsync<T>(
        ResourceKind kind,
        string ns,
        ListQuery query,
        JsonTypeInfo<T> type,
        Action<ReadObject<T>> take,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var items = new List<ReadObject<T>>();
        var page = await SendAsync($"list {kind}", () => server.ListAsync(kind, ns, query, type, items.Add, default), cancellationToken);
        items.ForEach(take);
        return page;
    }

    public Task<IAsyncEnumerable<WatchEvent<T>>> WatchAsync<T>(
        ResourceKind kind, string ns, ListQuery query, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject =>
        SendAsync($"watch {kind}", () => server.WatchAsync(kind, ns, query, type, cancellationToken), cancellationToken);

    public Task<T> CreateAsync<T>(
        ResourceKind kind, string ns, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync($"create {kind}", () => server.CreateAsync(kind, ns, body, type, default), cancellationToken);

    public Task CheckCreateAsync(ResourceKind kind, string ns, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync($"check {kind}", () => server.CheckCreateAsync(kind, ns, body, default), cancellationToken);

    public Task<T> MergePatchAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync($"patch {kind} {name}", () => server.MergePatchAsync(kind, name, patch, type, default), cancellationToken);

    public Task<T> MergePatchStatusAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject patch, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(
            $"patch {kind} {name} status", () => server.MergePatchStatusAsync(kind, name, patch, type, default), cancellationToken);

    public Task<T> ApplyAsync<T>(
        ResourceKind kind, NamespacedName name, JsonObject body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync($"apply {kind} {name}", () => server.ApplyAsync(kind, name, body, type, default), cancellationToken);

    public Task DeleteAsync(
        ResourceKind kind, NamespacedName name, DeleteOptions options, CancellationToken cancellationToken) =>
        SendAsync($"delete {kind} {name}", () => server.DeleteAsync(kind, name, options, default), cancellationToken);

    public Task DeleteCollectionAsync(
        ResourceKind kind, string ns, string labelSelector, CancellationToken cancellationToken) =>
        SendAsync($"delete all {kind}", () => server.DeleteCollectionAsync(kind, ns, labelSelector, default), cancellationToken);

    public Task PutSubresourceAsync(
        ResourceKind kind, NamespacedName name, string subresource, JsonObject? body, CancellationToken cancellationToken) =>
        SendAsync(
            $"put {kind} {name} {subresource}",
            () => server.PutSubresourceAsync(kind, name, subresource, body, default),
            cancellationToken);

    private Task<bool> SendAsync(string request, Func<Task> act, CancellationToken cancellationToken) =>
        SendAsync(
            request,
            async () =>
            {
                await act();
                return true;
            },
            cancellationToken);

    private async Task<T> SendAsync<T>(string request, Func<Task<T>> act, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await network.CarryAsync(request, act, cancellationToken);
            connectivity?.Answered();
            return answer;
        }
        catch (KubernetesApiException e)
        {
            if (e.Reason is ApiErrorReason.Unavailable) connectivity?.Failed(e.Message);
            else connectivity?.Answered();
            throw;
        }
    }
}
