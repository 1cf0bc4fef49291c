using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>A write that the API server asks about.</summary>
internal sealed record AdmissionRequest(string Operation, string Resource, string Name, string User, JsonNode? Object)
{
    public bool IsOfAgent => User.EndsWith(":ovim-spoke-agent", StringComparison.Ordinal);

    /// <summary><c>DELETE resourcequotas/vdc-quota</c>.</summary>
    public override string ToString() => $"{Operation} {Resource}/{Name}";
}

/// <summary>
/// An admission webhook of the real API server for one namespace: itself, what VDCs are made of, and the disks in it. It denies or changes
/// what the agent writes, as the test says at the time.
/// </summary>
internal sealed class AdmissionWebhook : IAsyncDisposable
{
    private const string Path = "/admit";
    private const string Probe = "configmaps";
    private const string NameLabel = "kubernetes.io/metadata.name";

    private static readonly string[] Resources =
    [
        "namespaces", "resourcequotas", "limitranges", "networkpolicies", "rolebindings", "datavolumes", "persistentvolumeclaims", Probe,
    ];

    private readonly WebApplication _server;
    private readonly X509Certificate2 _certificate;
    private readonly JsonApi _admin;
    private readonly string _configuration;
    private readonly ConcurrentQueue<AdmissionRequest> _requests = new();
    private volatile bool _isAsked;

    private AdmissionWebhook(WebApplication server, X509Certificate2 certificate, JsonApi admin, string configuration) =>
        (_server, _certificate, _admin, _configuration) = (server, certificate, admin, configuration);

    /// <summary>The code with which a write of the agent is denied, 400 or above; null: it is not.</summary>
    public Func<AdmissionRequest, int?> Deny { get; set; } = _ => null;

    /// <summary>A JSON patch of what the agent writes; null: none.</summary>
    public Func<AdmissionRequest, JsonArray?> Change { get; set; } = _ => null;

    /// <summary>The agent's writes so far, those that were denied included.</summary>
    public IReadOnlyList<string> Requests => [.. _requests.Select(request => request.ToString())];

    public void ForgetRequests() => _requests.Clear();

    /// <summary>Starts it and waits until the API server asks it.</summary>
    /// <param name="admin">The cluster.</param>
    /// <param name="ns">A VDC's namespace.</param>
    /// <param name="mutates">Whether it changes what is written, instead of denying it.</param>
    public static async Task<AdmissionWebhook> StartAsync(JsonApi admin, string ns, bool mutates = false)
    {
        var certificate = LoopbackCertificate.Create("localhost");
        var server = LoopbackServer.CreateBuilder(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate))).Build();
        var kind = mutates ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration";
        var collection = $"apis/admissionregistration.k8s.io/v1/{kind.ToLowerInvariant()}s";
        var webhook = new AdmissionWebhook(server, certificate, admin, $"{collection}/{ns}");
        server.MapPost(Path, webhook.AnswerAsync);
        await server.StartAsync();
        var url = new Uri(LoopbackServer.UrlOf(server), Path);
        // Of itself a server has it since 1.21 only.
        await admin.MergeAsync(
            $"api/v1/namespaces/{ns}", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [NameLabel] = ns } } });
        await admin.CreateAsync(collection, Configuration(kind, ns, url, certificate));
        await webhook.WaitUntilAskedAsync(ns);
        return webhook;
    }

    public async ValueTask DisposeAsync()
    {
        await _admin.DeleteAsync(_configuration);
        await _server.StopAsync();
        await _server.DisposeAsync();
        _certificate.Dispose();
    }

    private static JsonObject Configuration(string kind, string ns, Uri url, X509Certificate2 certificate) => new()
    {
        ["apiVersion"] = "admissionregistration.k8s.io/v1",
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = ns },
        ["webhooks"] = new JsonArray(new JsonObject
        {
            ["name"] = "vdc.test.example.com",
            ["admissionReviewVersions"] = new JsonArray("v1"),
            ["sideEffects"] = "None",
            ["failurePolicy"] = "Ignore", // where a test ended without taking it away
            ["timeoutSeconds"] = 10,
            ["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { [NameLabel] = ns } },
            ["rules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray("*"),
                ["apiVersions"] = new JsonArray("*"),
                ["operations"] = new JsonArray("CREATE", "UPDATE", "DELETE"),
                ["resources"] = new JsonArray([.. Resources]),
                ["scope"] = "*",
            }),
            ["clientConfig"] = new JsonObject
            {
                ["url"] = url.ToString(),
                ["caBundle"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem())),
            },
        }),
    };

    // The API server takes a configuration up a moment after it was made.
    private async Task WaitUntilAskedAsync(string ns)
    {
        using var limit = new CancellationTokenSource(JsonApi.Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var probe = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "probe" },
        };
        while (!_isAsked)
        {
            await _admin.CreateAsync($"api/v1/namespaces/{ns}/{Probe}?dryRun=All", probe);
            await tick.WaitForNextTickAsync(limit.Token);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var review = (await JsonNode.ParseAsync(context.Request.Body))!;
        var asked = review["request"]!;
        _isAsked = true;
        var request = new AdmissionRequest(
            (string)asked["operation"]!,
            (string)asked["resource"]!["resource"]!,
            (string?)asked["name"] ?? "",
            (string?)asked["userInfo"]!["username"] ?? "",
            asked["object"]);
        var response = new JsonObject { ["uid"] = (string)asked["uid"]!, ["allowed"] = true };
        if (request.IsOfAgent) Judge(request, response);
        await context.Response.WriteAsync(new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["response"] = response,
        }.ToJsonString());
    }

    private void Judge(AdmissionRequest request, JsonObject response)
    {
        _requests.Enqueue(request);
        if (Deny(request) is { } code)
        {
            response["allowed"] = false;
            response["status"] = new JsonObject { ["code"] = code, ["message"] = $"{request} is denied" };
        }
        else if (Change(request) is { } patch)
        {
            response["patchType"] = "JSONPatch";
            response["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch.ToJsonString()));
        }
    }
}
