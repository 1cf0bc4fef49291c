using System.Globalization;
using Prometheus;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// Counts the requests to the API server, by verb, resource and status code, in the words of Kubernetes' authorization. A watch
/// counts when its answer begins.
/// </summary>
internal sealed class ApiRequestMetrics(IMetricFactory metrics, TimeProvider time)
{
    private const string MetricsGroup = "metrics.k8s.io";

    private readonly Counter _requests = metrics.CreateCounter(
        "ovim_agent_api_requests_total",
        "Requests to the API server, by verb, resource (with its subresource) and status code (error: there was no answer).",
        ["verb", "resource", "code"]);

    private readonly Histogram _duration = metrics.CreateHistogram(
        "ovim_agent_api_request_duration_seconds",
        "Time until the head of the API server's answer was there, by verb.",
        ["verb"],
        new HistogramConfiguration { Buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });

    /// <summary>A handler that counts what passes it.</summary>
    public DelegatingHandler NewHandler() => new Handler(this, time);

    /// <summary>The verb of a request, and the resource with its subresource; the resource is empty for another path.</summary>
    internal static (string Verb, string Resource) Describe(HttpRequestMessage request)
    {
        var path = request.RequestUri!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        string[] rest = path.SkipWhile(part => part is not ("api" or "apis")).ToArray() switch // a proxy's path may be before it
        {
            ["api", _, "namespaces", _, .. { Length: > 0 } inside] => inside,
            ["apis", _, _, "namespaces", _, .. { Length: > 0 } inside] => inside,
            ["api", _, .. { Length: > 0 } all] => all,
            ["apis", _, _, .. { Length: > 0 } all] => all,
            _ => [],
        };
        var resource = rest switch
        {
            [] => "",
            [var kind, _, var subresource, ..] => $"{kind}/{subresource}",
            [var kind, ..] => kind,
        };
        // Another server's, of the same plurals: what that answers is not the API server's.
        if (path.Contains(MetricsGroup)) resource = $"{resource}.{MetricsGroup}";
        return (VerbOf(request, isOfOne: rest.Length != 1), resource);
    }

    private static string VerbOf(HttpRequestMessage request, bool isOfOne) => request.Method.Method switch
    {
        "GET" when request.RequestUri!.Query.Contains("watch=1", StringComparison.Ordinal) => "watch",
        "GET" => isOfOne ? "get" : "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" when request.Content?.Headers.ContentType is { MediaType: "application/apply-patch+yaml" } => "apply",
        "DELETE" => isOfOne ? "delete" : "deletecollection",
        var other => other.ToLowerInvariant(),
    };

    private void Count(HttpRequestMessage request, string code, TimeSpan duration)
    {
        var (verb, resource) = Describe(request);
        _requests.WithLabels(verb, resource, code).Inc();
        _duration.WithLabels(verb).Observe(duration.TotalSeconds);
    }

    private sealed class Handler(ApiRequestMetrics metrics, TimeProvider time) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var started = time.GetTimestamp();
            var code = "error";
            try
            {
                var response = await base.SendAsync(request, cancellationToken);
                code = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
                return response;
            }
            finally
            {
                metrics.Count(request, code, time.GetElapsedTime(started));
            }
        }
    }
}
