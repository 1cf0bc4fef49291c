using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Answers watches: one JSON object a line, each flushed at once.</summary>
internal sealed class WatchEndpoint(
    ObjectStore store, RunningWatches running, SandboxClusterOptions options, CancellationToken stopping)
{
    private static readonly TimeSpan ShortestDefault = TimeSpan.FromMinutes(30);

    public async Task HandleAsync(ApiCall call)
    {
        if (call.Query("sendInitialEvents").Length > 0) throw NoStreamingLists();
        var isSelected = call.Selection();
        var from = call.ResourceVersion();
        var resource = KindRegistry.StoredAs(call.Kind);
        var (changes, initial) = from is > 0 and var version
            ? (store.SubscribeAfter(resource, version), null)
            : store.Subscribe(resource);
        var response = call.Http.Response;
        response.ContentType = "application/json";
        if (changes is null)
        {
            var error = ApiErrors.Expired($"too old resource version: {from} ({store.Version})");
            WriteEvent(response.BodyWriter, "ERROR", error.ToStatus());
            await response.BodyWriter.FlushAsync(call.Http.RequestAborted);
            return;
        }
        using (changes)
        using (var watch = running.Start(call.Http, call.Kind.Plural, changes))
        {
            foreach (var item in (initial?.Objects.Values ?? []).Where(isSelected))
                WriteEvent(response.BodyWriter, "ADDED", call, item);
            await response.BodyWriter.FlushAsync(call.Http.RequestAborted);
            await RunAsync(call, changes, watch, isSelected, from ?? 0);
        }
    }

    private async Task RunAsync(
        ApiCall call, StoreSubscription changes, RunningWatch watch, Func<StoredObject, bool> isSelected, long from)
    {
        using var timeout = new CancellationTokenSource(TimeoutOf(call), options.TimeProvider);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping, call.Http.RequestAborted);
        await using var bookmarks = ApiCall.IsTrue(call.Query("allowWatchBookmarks"))
            ? options.TimeProvider.CreateTimer(_ => store.Mark(changes), null, options.BookmarkInterval, options.BookmarkInterval)
            : null;
        var to = call.Http.Response.BodyWriter;
        try
        {
            await foreach (var signal in changes.Signals.ReadAllAsync(end.Token))
            {
                if (watch.IsFrozen)
                {
                    await StaySilentAsync(call);
                    return;
                }
                if (signal.Change is null) WriteBookmark(to, call, signal.Version);
                else if (signal.Version > from) WriteChange(to, call, signal.Change, isSelected);
                if (!changes.Signals.TryPeek(out _)) await to.FlushAsync(end.Token);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client left, the server stops, or the time is up; only a frozen watch outlasts its time.
            if (watch.IsFrozen && timeout.IsCancellationRequested) await StaySilentAsync(call);
        }
    }

    private async Task StaySilentAsync(ApiCall call)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, call.Http.RequestAborted);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void WriteChange(PipeWriter to, ApiCall call, StoreEvent change, Func<StoredObject, bool> isSelected)
    {
        var was = change.Previous is { } previous && isSelected(previous);
        var isNow = change.Current is { } current && isSelected(current);
        if (isNow) WriteEvent(to, was ? "MODIFIED" : "ADDED", call, change.Current!);
        else if (was) WriteEvent(to, "DELETED", call, change.Last);
    }

    private static void WriteEvent(PipeWriter to, string type, ApiCall call, StoredObject one)
    {
        if (AcceptedViews.Of(call.Http.Request, isList: false) is AcceptedView.Table)
        {
            WriteEvent(to, type, TableView.Of(call, [one], null));
            return;
        }
        to.Write(Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":"));
        Answers.Write(to, call.Kind, one);
        to.Write("}\n"u8);
    }

    private static void WriteEvent(PipeWriter to, string type, JsonObject content)
    {
        to.Write(new JsonObject { ["type"] = type, ["object"] = content }.ToBytes());
        to.Write("\n"u8);
    }

    private static void WriteBookmark(PipeWriter to, ApiCall call, long version) => WriteEvent(to, "BOOKMARK", new JsonObject
    {
        ["kind"] = call.Kind.Kind,
        ["apiVersion"] = call.Kind.ApiVersion,
        ["metadata"] = new JsonObject
        {
            ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture),
            ["creationTimestamp"] = null,
        },
    });

    // As a server without the feature, so that clients go back to list and watch.
    private static ApiException NoStreamingLists()
    {
        var problem = InvalidField.Forbidden(
            "sendInitialEvents", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
        return new(
            422,
            "Invalid",
            $"ListOptions.meta.k8s.io \"\" is invalid: {problem.Field}: {problem.Message}",
            new JsonObject { ["group"] = "meta.k8s.io", ["kind"] = "ListOptions", ["causes"] = new JsonArray(problem.ToCause()) });
    }

    private static TimeSpan TimeoutOf(ApiCall call)
    {
        if (call.Number("timeoutSeconds") is > 0 and var seconds) return TimeSpan.FromSeconds(seconds);
#pragma warning disable CA5394 // spreading load needs no secret
        return ShortestDefault * (1 + Random.Shared.NextDouble());
#pragma warning restore CA5394
    }
}
