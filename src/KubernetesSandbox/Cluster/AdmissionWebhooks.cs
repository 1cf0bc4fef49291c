using System.Net.Mime;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>A write that webhooks are asked about.</summary>
/// <param name="Call">The request.</param>
/// <param name="Operation"><c>CREATE</c>, <c>UPDATE</c> or <c>DELETE</c>.</param>
/// <param name="Key">The object's key.</param>
/// <param name="Content">The object as it is to be; null for a deletion.</param>
/// <param name="Old">The object as it is; null for a new one.</param>
internal sealed record AdmissionQuestion(
    ApiCall Call, string Operation, ObjectKey Key, JsonObject? Content, JsonObject? Old);

/// <summary>
/// Asks the webhooks of the ValidatingWebhookConfigurations whether a write may be. Those that change objects are not there, nor
/// is <c>matchConditions</c>.
/// </summary>
internal sealed class AdmissionWebhooks(ObjectStore store, ServerConnections connections)
{
    private const string ApiVersion = "admission.k8s.io/v1";
    private const int DefaultTimeoutSeconds = 10;

    /// <summary>The webhooks that want to be asked about an operation on a kind.</summary>
    public IReadOnlyList<JsonObject> For(ApiCall call, string operation)
    {
        // What could lock a server up for good is never asked about.
        if (call.Kind.Group == BuiltInKinds.WebhookConfiguration.Group) return [];
        return [.. store.Read(BuiltInKinds.WebhookConfiguration.Resource).Objects
            .OrderBy(one => one.Key.Name, StringComparer.Ordinal)
            .SelectMany(one => one.Value.Content.Objects("webhooks"))
            .Where(webhook => webhook.Objects("rules").Any(rule => Meets(rule, call, operation)))];
    }

    /// <exception cref="ApiException">A webhook denies it, or cannot be asked and its failure policy is to refuse.</exception>
    public async Task AskAsync(IReadOnlyList<JsonObject> webhooks, AdmissionQuestion question)
    {
        foreach (var webhook in webhooks)
        {
            if (!IsSelected(webhook, question)) continue;
            JsonObject? answer;
            try
            {
                answer = await AskAsync(webhook, question);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException
                || (e is OperationCanceledException && !question.Call.Http.RequestAborted.IsCancellationRequested))
            {
                if (webhook.Text("failurePolicy") == "Ignore") continue;
                throw ApiErrors.InternalError(
                    $"Internal error occurred: failed calling webhook \"{webhook.Text("name")}\": failed to call webhook: {e.Message}");
            }
            if (!answer.IsTrue("response", "allowed")) throw Denied(webhook.Text("name"), answer.At("response", "status"));
        }
    }

    private async Task<JsonObject> AskAsync(JsonObject webhook, AdmissionQuestion question)
    {
        var config = webhook["clientConfig"];
        var path = config.Text("service", "path") ?? "/";
        RemoteServer? server;
        if (config.Text("url") is { } url)
        {
            var uri = new Uri(url);
            (server, path) = (new RemoteServer(uri.Host, uri.Host, uri.Port, config.Text("caBundle") ?? ""), uri.PathAndQuery);
        }
        else
        {
            server = connections.Behind(config.At("service"), config.Text("caBundle") ?? "");
        }
        if (server is null) throw new HttpRequestException($"service \"{config.Text("service", "name")}\" not found");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(question.Call.Http.RequestAborted);
        limit.CancelAfter(TimeSpan.FromSeconds(webhook.Number("timeoutSeconds") ?? DefaultTimeoutSeconds));
        using var request = new HttpRequestMessage(HttpMethod.Post, server.UriOf(path))
        {
            Content = new StringContent(ReviewOf(question).ToText(), Encoding.UTF8, MediaTypeNames.Application.Json),
        };
        using var response = await connections.SendAsync(server, request, limit.Token);
        var text = await response.Content.ReadAsStringAsync(limit.Token);
        if (!response.IsSuccessStatusCode) throw new HttpRequestException($"the server answered {(int)response.StatusCode}");
        return JsonNode.Parse(text) as JsonObject ?? throw new JsonException("the answer is no AdmissionReview");
    }

    private static JsonObject ReviewOf(AdmissionQuestion question)
    {
        var (call, kind) = (question.Call, question.Call.Kind);
        JsonObject Versioned(string field, string value) =>
            new() { ["group"] = kind.Group, ["version"] = kind.Version, [field] = value };
        var request = new JsonObject
        {
            ["uid"] = Guid.NewGuid().ToString(),
            ["kind"] = Versioned("kind", kind.Kind),
            ["resource"] = Versioned("resource", kind.Plural),
            ["requestKind"] = Versioned("kind", kind.Kind),
            ["requestResource"] = Versioned("resource", kind.Plural),
            ["name"] = question.Key.Name,
            ["operation"] = question.Operation,
            ["userInfo"] = new JsonObject
            {
                ["username"] = AccessRules.UserOf(call.Http.Request),
                ["groups"] = new JsonArray(AccessRules.Group),
            },
            ["object"] = question.Content?.DeepClone(),
            ["oldObject"] = question.Old?.DeepClone(),
            ["dryRun"] = call.IsDryRun,
        };
        if (question.Key.Namespace.Length > 0) request["namespace"] = question.Key.Namespace;
        if (call.Path.Subresource is { } subresource) request["subResource"] = subresource;
        return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = ApiVersion, ["request"] = request };
    }

    private static bool Meets(JsonObject rule, ApiCall call, string operation)
    {
        bool Has(string field, string value) => rule.Items(field).Texts().Any(one => one == "*" || one == value);
        var scope = rule.Text("scope");
        return Has("operations", operation)
            && Has("apiGroups", call.Kind.Group)
            && Has("apiVersions", call.Kind.Version)
            && rule.Items("resources").Texts().Any(resource => IsMeant(resource, call))
            && (scope is null or "*" || scope == (call.Kind.Namespaced ? "Namespaced" : "Cluster"));
    }

    /// <summary><c>pods</c>, <c>pods/status</c>, <c>pods/*</c>, <c>*/status</c>, <c>*</c> (no subresources), <c>*/*</c>.</summary>
    private static bool IsMeant(string resource, ApiCall call)
    {
        var parts = resource.Split('/', 2);
        if (parts[0] != "*" && parts[0] != call.Kind.Plural) return false;
        return parts.Length == 1 ? call.Path.Subresource is null : parts[1] == "*" || parts[1] == call.Path.Subresource;
    }

    private bool IsSelected(JsonObject webhook, AdmissionQuestion question)
    {
        if (question.Key.Namespace.Length > 0 && webhook.Map("namespaceSelector") is { } namespaces)
        {
            var ns = store.Get(BuiltInKinds.Namespace.Resource, new("", question.Key.Namespace));
            if (!LabelSelector.Of(namespaces).Matches(ns?.Content ?? [])) return false;
        }
        if (webhook.Map("objectSelector") is not { } objects) return true;
        var selector = LabelSelector.Of(objects);
        return (question.Content is { } content && selector.Matches(content)) || (question.Old is { } old && selector.Matches(old));
    }

    private static ApiException Denied(string? webhook, JsonNode? status)
    {
        var why = status.Text("message") ?? status.Text("reason");
        var code = status.Number("code") ?? 0;
        return new ApiException(
            (int)Math.Max(code, 400),
            status.Text("reason"),
            $"admission webhook \"{webhook}\" denied the request" + (why is null ? " without explanation" : $": {why}"),
            status.Map("details")?.Copy());
    }
}
