using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// Plays virt-api over TLS on a loopback port: <c>subresources.kubevirt.io/v1</c> (the API server in front of it has
/// authenticated the caller and checked what he may do), the version, and the webhook for VMs.
/// </summary>
internal sealed class SubresourceServer : IAsyncDisposable
{
    public const string Group = "subresources.kubevirt.io";
    public const string Version = "v1";
    private static readonly string[] Actions = ["start", "stop", "restart"];

    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;
    private readonly ApiClient _api;

    private SubresourceServer(WebApplication app, X509Certificate2 certificate, ApiClient api) =>
        (_app, _certificate, _api) = (app, certificate, api);

    public int Port { get; private set; }

    /// <summary>The certificate that it shows, in PEM.</summary>
    public string CertificatePem => _certificate.ExportCertificatePem();

    /// <summary>False: it answers 503 to everything, as when virt-api is down.</summary>
    public bool IsAvailable { get; set; } = true;

    public static async Task<SubresourceServer> StartAsync(
        ApiClient api, AdmissionEndpoint admission, string serverName, CancellationToken cancellationToken)
    {
        var certificate = LoopbackCertificate.Create(serverName);
        var app = LoopbackServer.CreateBuilder(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate))).Build();
        var server = new SubresourceServer(app, certificate, api);
        admission.Map(app);
        server.Map();
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        server.Port = LoopbackServer.UrlOf(app).Port;
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private void Map()
    {
        _app.Use((context, next) => IsAvailable
            ? next(context)
            : RefuseAsync(context, new Refusal(503, "ServiceUnavailable", "virt-api is not available")));
        _app.MapGet($"/apis/{Group}/{Version}", context => AnswerAsync(context, 200, Discovery()));
        _app.MapGet($"/apis/{Group}/{Version}/version", context => AnswerAsync(context, 200, VersionInfo.Of(SandboxKubeVirt.Version)));
        _app.MapPut(
            $"/apis/{Group}/{Version}/namespaces/{{ns}}/virtualmachines/{{name}}/{{action}}",
            context => HandleAsync(context, context.RequestAborted));
        _app.MapFallback(context => RefuseAsync(
            context, new Refusal(404, "NotFound", "the server could not find the requested resource")));
    }

    private async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var name = new ObjectName((string)context.Request.RouteValues["ns"]!, (string)context.Request.RouteValues["name"]!);
        var action = (string)context.Request.RouteValues["action"]!;
        if (!Actions.Contains(action))
        {
            await RefuseAsync(context, new Refusal(404, "NotFound", "the server could not find the requested resource"));
            return;
        }
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(cancellationToken);
        try
        {
            if (await CarryOutAsync(action, name, body, cancellationToken) is { } refusal)
                await RefuseAsync(context, refusal, name.Name);
            else
                context.Response.StatusCode = 202;
        }
        catch (RefusedException e)
        {
            // Someone changed the VM meanwhile, or the API server refuses what virt-api wants to write.
            await RefuseAsync(context, new Refusal(e.Code, e.Reason, e.Message), name.Name);
        }
        catch (HttpRequestException e)
        {
            await RefuseAsync(context, new Refusal(500, "InternalError", $"Internal error occurred: {e.Message}"), name.Name);
        }
    }

    private async Task<Refusal?> CarryOutAsync(
        string action, ObjectName name, string body, CancellationToken cancellationToken)
    {
        if (await _api.FindAsync(Kinds.Vm.Path(name), cancellationToken) is not { } vm)
            return new Refusal(404, "NotFound", $"virtualmachine.kubevirt.io \"{name.Name}\" not found");
        var vmi = await _api.FindAsync(Kinds.Vmi.Path(name), cancellationToken);
        var decision = LifecycleRules.Decide(action, vm, vmi, body);
        if (decision.Refusal is not null || decision.IsDryRun) return decision.Refusal;
        if (decision.GracePeriod is { } grace)
            await _api.MergeAsync(Kinds.Vmi, name, SpecPatch("terminationGracePeriodSeconds", grace), cancellationToken);
        if (decision.Running is { } running)
        {
            var field = vm.Text("spec", "runStrategy") is null ? "running" : "runStrategy";
            JsonNode value = field == "running" ? running : running ? "Always" : "Halted";
            await WriteAsync(vm, ["spec", field], now => SetAsync(now, field, value.DeepClone(), cancellationToken), cancellationToken);
        }
        if (decision.Requests.Count > 0)
        {
            var requests = new JsonArray([.. decision.Requests]);
            await WriteAsync(
                vm, ["status", "stateChangeRequests"], now => AskAsync(now, requests.DeepClone(), cancellationToken), cancellationToken);
        }
        return null;
    }

    /// <summary>
    /// Writes again if the VM changed meanwhile, but not in the field that was decided by: virt-controller writes its status
    /// all the time.
    /// </summary>
    private async Task WriteAsync(
        JsonObject vm, string[] decidedBy, Func<JsonObject, Task> write, CancellationToken cancellationToken)
    {
        var now = vm;
        while (true)
        {
            try
            {
                await write(now);
                return;
            }
            catch (RefusedException e) when (e.IsConflict)
            {
                now = await _api.GetAsync(Kinds.Vm.Path(vm.NameOf()), cancellationToken);
                if (now.UidOf() != vm.UidOf() || !JsonNode.DeepEquals(now.At(decidedBy), vm.At(decidedBy))) throw;
            }
        }
    }

    private Task<JsonObject> SetAsync(JsonObject vm, string field, JsonNode value, CancellationToken cancellationToken)
    {
        var patch = SpecPatch(field, value);
        patch["metadata"] = new JsonObject { ["resourceVersion"] = vm.Text("metadata", "resourceVersion") };
        return _api.MergeAsync(Kinds.Vm, vm.NameOf(), patch, cancellationToken);
    }

    private Task<JsonObject> AskAsync(JsonObject vm, JsonNode requests, CancellationToken cancellationToken)
    {
        var asked = vm.Copy();
        asked.MapAt("status")["stateChangeRequests"] = requests;
        asked.MapAt("status").Remove("startFailure");
        return _api.ReplaceStatusAsync(Kinds.Vm, asked, cancellationToken);
    }

    private static JsonObject SpecPatch(string field, JsonNode value) => new() { ["spec"] = new JsonObject { [field] = value } };

    private static JsonObject Discovery() => new()
    {
        ["kind"] = "APIResourceList",
        ["apiVersion"] = "v1",
        ["groupVersion"] = $"{Group}/{Version}",
        ["resources"] = new JsonArray(
        [
            .. Actions.Select(action => new JsonObject
            {
                ["name"] = $"virtualmachines/{action}",
                ["singularName"] = "",
                ["namespaced"] = true,
                ["kind"] = "",
                ["verbs"] = new JsonArray("update"),
            }),
        ]),
    };

    private static Task RefuseAsync(HttpContext context, Refusal refusal, string? name = null)
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = refusal.Message,
            ["reason"] = refusal.Reason,
            ["code"] = refusal.Code,
        };
        if (name is not null)
            status["details"] = new JsonObject { ["name"] = name, ["group"] = Kinds.Vm.Group, ["kind"] = "virtualmachine" };
        return AnswerAsync(context, refusal.Code, status);
    }

    private static Task AnswerAsync(HttpContext context, int code, JsonObject body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
