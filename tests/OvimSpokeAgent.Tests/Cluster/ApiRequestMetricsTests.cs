using System.Net;
using OvimSpokeAgent.Cluster;
using Prometheus;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class ApiRequestMetricsTests
{
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly ApiRequestMetrics _metrics;

    public ApiRequestMetricsTests() => _metrics = new(Prometheus.Metrics.WithCustomRegistry(_registry), TimeProvider.System);

    [Theory]
    [InlineData("GET", "api/v1/namespaces", "list", "namespaces")]
    [InlineData("GET", "api/v1/namespaces/acme", "get", "namespaces")]
    [InlineData("GET", "api/v1/namespaces?watch=1&resourceVersion=7", "watch", "namespaces")]
    [InlineData("GET", "api/v1/namespaces/acme/secrets?limit=500", "list", "secrets")]
    [InlineData("POST", "api/v1/namespaces/acme/secrets?fieldManager=x", "create", "secrets")]
    [InlineData("DELETE", "api/v1/namespaces/acme/secrets?labelSelector=a", "deletecollection", "secrets")]
    [InlineData("DELETE", "apis/kubevirt.io/v1/namespaces/acme/virtualmachines/web", "delete", "virtualmachines")]
    [InlineData("PATCH", "apis/kubevirt.io/v1/namespaces/acme/virtualmachines/web/status", "patch", "virtualmachines/status")]
    [InlineData("PUT", "apis/subresources.kubevirt.io/v1/namespaces/acme/virtualmachines/web/stop", "update", "virtualmachines/stop")]
    [InlineData("GET", "apis/kubevirt.io/v1/virtualmachines?watch=1", "watch", "virtualmachines")]
    [InlineData("GET", "k8s/clusters/c-1/apis/kubevirt.io/v1/virtualmachines", "list", "virtualmachines")]
    [InlineData("POST", "apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "create", "selfsubjectaccessreviews")]
    [InlineData("GET", "apis/metrics.k8s.io/v1beta1/nodes?limit=500", "list", "nodes.metrics.k8s.io")]
    [InlineData("GET", "version", "get", "")]
    [InlineData("GET", "apis/cdi.kubevirt.io/v1beta1", "get", "")]
    public void Request_is_told_in_the_words_of_authorization(string method, string path, string verb, string resource)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri($"https://api.example/{path}"));

        Assert.Equal((verb, resource), ApiRequestMetrics.Describe(request));
    }

    [Fact]
    public void Apply_is_no_patch()
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, "https://api.example/api/v1/namespaces/acme/resourcequotas/q");
        request.Content = new StringContent("{}", new System.Net.Http.Headers.MediaTypeHeaderValue("application/apply-patch+yaml"));

        Assert.Equal(("apply", "resourcequotas"), ApiRequestMetrics.Describe(request));
    }

    [Fact]
    public async Task Answers_and_requests_without_one_are_counted()
    {
        using var answered = new HttpMessageInvoker(Handler(() => new HttpResponseMessage(HttpStatusCode.Conflict)));
        using var broken = new HttpMessageInvoker(Handler(() => throw new HttpRequestException("reset")));

        await answered.SendAsync(Get(), default);
        await Assert.ThrowsAsync<HttpRequestException>(() => broken.SendAsync(Get(), default));

        var text = await TextAsync();
        Assert.Contains("""ovim_agent_api_requests_total{verb="get",resource="secrets",code="409"} 1""", text, StringComparison.Ordinal);
        Assert.Contains("""ovim_agent_api_requests_total{verb="get",resource="secrets",code="error"} 1""", text, StringComparison.Ordinal);
        Assert.Contains("""ovim_agent_api_request_duration_seconds_count{verb="get"} 2""", text, StringComparison.Ordinal);
    }

    private static HttpRequestMessage Get() => new(HttpMethod.Get, "https://api.example/api/v1/namespaces/acme/secrets/a");

    private DelegatingHandler Handler(Func<HttpResponseMessage> answer)
    {
        var handler = _metrics.NewHandler();
        handler.InnerHandler = new Answering(answer);
        return handler;
    }

    private async Task<string> TextAsync()
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    private sealed class Answering(Func<HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(answer());
    }
}
