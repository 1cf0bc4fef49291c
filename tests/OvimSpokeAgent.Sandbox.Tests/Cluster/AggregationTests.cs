using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using KubernetesSandbox.Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

public sealed class AggregationTests : IAsyncLifetime, IDisposable
{
    private const string Group = "extra.ovim.io";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly X509Certificate2 _certificate = MakeCertificate();
    private SandboxCluster _cluster = null!;
    private WebApplication _extra = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await SandboxCluster.StartAsync();
        _client = new HttpClient { BaseAddress = _cluster.Url };
        _client.DefaultRequestHeaders.Authorization = new("Bearer", "caller");
        _extra = LoopbackServer.CreateBuilder(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate))).Build();
        _extra.MapGet($"/apis/{Group}/v1", () => Results.Json(new { kind = "APIResourceList", groupVersion = $"{Group}/v1" }));
        _extra.MapPut("/{**path}", EchoAsync);
        await _extra.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _extra.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    public void Dispose()
    {
        _client.Dispose();
        _certificate.Dispose();
        _patience.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requests_are_handed_on_with_the_callers_name(bool isUnchecked)
    {
        Register(Port, isUnchecked ? null : _certificate.ExportCertificatePem());
        await AvailableAsync("True", "Passed");

        using var body = new StringContent("""{"force":true}""", Encoding.UTF8, "application/json");
        using var response = await _client.PutAsync(new Uri($"apis/{Group}/v1/namespaces/x/things/y/start?a=b", UriKind.Relative), body);
        var echo = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/apis/{Group}/v1/namespaces/x/things/y/start?a=b", (string?)echo["path"]);
        Assert.Equal("""{"force":true}""", (string?)echo["body"]);
        Assert.Equal(("caller", "system:masters"), ((string?)echo["user"], (string?)echo["groups"]![0]));
        Assert.Null((string?)echo["authorization"]);
        var request = _cluster.Requests.All.Single(one => one.Method == "PUT");
        Assert.Equal(("update", "things", "start"), (request.Verb, request.Resource, request.Subresource));
    }

    [Fact]
    public async Task The_group_is_discovered()
    {
        Register(Port, caBundle: null);

        var groups = JsonNode.Parse(await _client.GetStringAsync(new Uri("apis", UriKind.Relative)))!["groups"]!.AsArray();
        var resources = JsonNode.Parse(await _client.GetStringAsync(new Uri($"apis/{Group}/v1", UriKind.Relative)))!;

        Assert.Contains(groups, group => (string?)group!["name"] == Group);
        Assert.Equal("APIResourceList", (string?)resources["kind"]);
    }

    [Fact]
    public async Task A_server_with_another_certificate_is_not_taken()
    {
        using var other = MakeCertificate();
        Register(Port, other.ExportCertificatePem());

        await AvailableAsync("False", "FailedDiscoveryCheck");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync());
    }

    [Fact]
    public async Task Without_a_server_the_API_is_not_there_or_unavailable()
    {
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync());

        var port = Port;
        await _extra.StopAsync();
        Register(port, caBundle: null);
        await AvailableAsync("False", "FailedDiscoveryCheck");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync());

        _cluster.Objects("v1", "services").Delete("default", "extra");
        await AvailableAsync("False", "ServiceNotFound");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync());
    }

    private int Port => LoopbackServer.UrlOf(_extra).Port;

    private async Task<HttpStatusCode> StatusAsync()
    {
        using var response = await _client.GetAsync(new Uri($"apis/{Group}/v1/things", UriKind.Relative));
        return response.StatusCode;
    }

    private Task<JsonObject> AvailableAsync(string status, string reason) =>
        _cluster.Objects("apiregistration.k8s.io/v1", "apiservices").WaitForAsync(
            "",
            $"v1.{Group}",
            one => one["status"]?["conditions"]?[0] is { } condition
                && ((string?)condition["status"], (string?)condition["reason"]) == (status, reason),
            _patience.Token);

    /// <param name="port">Of the server.</param>
    /// <param name="caBundle">PEM; null: any certificate is taken.</param>
    private void Register(int port, string? caBundle)
    {
        _cluster.Objects("v1", "services").Create(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "extra", ["namespace"] = "default" },
            ["spec"] = new JsonObject { ["type"] = "ExternalName", ["externalName"] = "localhost" },
        });
        var spec = new JsonObject
        {
            ["group"] = Group,
            ["version"] = "v1",
            ["groupPriorityMinimum"] = 1000,
            ["versionPriority"] = 15,
            ["service"] = new JsonObject { ["namespace"] = "default", ["name"] = "extra", ["port"] = port },
        };
        if (caBundle is null) spec["insecureSkipTLSVerify"] = true;
        else spec["caBundle"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(caBundle));
        _cluster.Objects("apiregistration.k8s.io/v1", "apiservices").Create(
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"v1.{Group}" }, ["spec"] = spec });
    }

    private static async Task EchoAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        http.Response.StatusCode = 202;
        await http.Response.WriteAsJsonAsync(new
        {
            path = $"{http.Request.Path}{http.Request.QueryString}",
            body = await reader.ReadToEndAsync(),
            user = http.Request.Headers["X-Remote-User"].ToString(),
            groups = http.Request.Headers["X-Remote-Group"].ToArray(),
            authorization = (string?)http.Request.Headers.Authorization,
        });
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=extra", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("extra.default.svc");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
