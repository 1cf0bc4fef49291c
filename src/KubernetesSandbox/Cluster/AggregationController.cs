using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// Says of each APIService whether its server answers: condition <c>Available</c>. Looks when an APIService or a Service
/// changes, and every 30 seconds.
/// </summary>
internal sealed class AggregationController(ObjectStore store, ObjectWriter writer, AggregatedApis apis, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var apiServices = store.Subscribe(BuiltInKinds.ApiService.Resource).Changes;
        using var services = store.Subscribe(BuiltInKinds.Service.Resource).Changes;
        while (true)
        {
            await LookAsync(cancellationToken);
            using var interval = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(
                apiServices!.Signals.WaitToReadAsync(interval.Token).AsTask(),
                services!.Signals.WaitToReadAsync(interval.Token).AsTask(),
                Task.Delay(Interval, time, interval.Token));
            await interval.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            while (apiServices.Signals.TryRead(out _) || services.Signals.TryRead(out _))
            {
                // One look serves all changes so far.
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var apiService in store.Read(BuiltInKinds.ApiService.Resource).Objects.Values)
        {
            var (isAvailable, reason, message) = await ProbeAsync(apiService, cancellationToken);
            ControllerActions.Update(
                writer, BuiltInKinds.ApiService, apiService.Key, "status", content => Say(content, isAvailable, reason, message));
        }
    }

    private async Task<(bool IsAvailable, string Reason, string Message)> ProbeAsync(
        StoredObject apiService, CancellationToken cancellationToken)
    {
        if (!AggregatedApis.IsRemote(apiService)) return (true, "Local", "Local APIServices are always available");
        var spec = apiService.Content["spec"];
        if (apis.ServerOf(apiService) is not { } server)
        {
            var problem = $"service/{spec.Text("service", "name")} in \"{spec.Text("service", "namespace")}\" is not present";
            return (false, "ServiceNotFound", problem);
        }
        var path = $"/apis/{spec.Text("group")}/{spec.Text("version")}";
        var missing = $"failing or missing response from {server.Url}{path}:";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ProbeLimit);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.UriOf(path));
            using var response = await apis.SendAsync(server, request, limit.Token);
            return response.IsSuccessStatusCode
                ? (true, "Passed", "all checks passed")
                : (false, "FailedDiscoveryCheck", $"{missing} bad status from {server.Url}{path}: {(int)response.StatusCode}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (false, "FailedDiscoveryCheck", $"{missing} no answer within {ProbeLimit.TotalSeconds} s");
        }
        catch (HttpRequestException e)
        {
            return (false, "FailedDiscoveryCheck", $"{missing} {e.Message}");
        }
    }

    private void Say(JsonObject content, bool isAvailable, string reason, string message)
    {
        var word = isAvailable ? "True" : "False";
        var before = (content.Items("status", "conditions") ?? []).FirstOrDefault(one => one.Text("type") == "Available");
        content.MapAt("status")["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "Available",
            ["status"] = word,
            ["lastTransitionTime"] = before.Text("status") == word
                ? before.Text("lastTransitionTime")
                : time.GetUtcNow().ToApiTime(),
            ["reason"] = reason,
            ["message"] = message,
        });
    }
}
