using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.KubeVirt;

/// <summary>Answers what the API server asks before it writes a VM: virt-api's part as a webhook.</summary>
/// <param name="types">Finds the instancetypes that VMs name.</param>
/// <param name="isWatched">The namespaces whose VMs are judged.</param>
internal sealed class AdmissionEndpoint(TypeLookup types, Func<string, bool> isWatched)
{
    /// <summary>The webhook's name, which the API server shows with a refusal.</summary>
    public const string WebhookName = "virtualmachine-validator.kubevirt.io";

    public const string Path = "/virtualmachines-validate";

    /// <summary>A VM of this name is always refused: the answer tells that the API server asks this webhook.</summary>
    public const string ProbeName = "virt-api-probe";

    public void Map(WebApplication app) => app.MapPost(Path, async context =>
    {
        using var reader = new StreamReader(context.Request.Body);
        var review = JsonNode.Parse(await reader.ReadToEndAsync(context.RequestAborted));
        var violations = await JudgeAsync(review?["request"], context.RequestAborted);
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(Answer(review.Text("request", "uid"), violations).ToText(), context.RequestAborted);
    });

    private async Task<IReadOnlyList<Violation>> JudgeAsync(JsonNode? request, CancellationToken cancellationToken)
    {
        if (request.Map("object") is not { } vm) return [];
        if (request.Text("name") == ProbeName) return [Violation.Invalid("metadata.name", "this name is for probes")];
        if (!isWatched(request.Text("namespace") ?? "")) return [];
        var problem = await MissingTypeAsync(vm, request.Map("oldObject"), cancellationToken);
        return problem is not null ? [problem] : VmRules.Of(vm);
    }

    /// <summary>A type that a VM has had is pinned by a revision; here it is asked for only where the VM comes to name it.</summary>
    private async Task<Violation?> MissingTypeAsync(JsonObject vm, JsonObject? old, CancellationToken cancellationToken)
    {
        var isNew = old is null
            || !JsonNode.DeepEquals(vm.At("spec", "instancetype"), old.At("spec", "instancetype"))
            || !JsonNode.DeepEquals(vm.At("spec", "preference"), old.At("spec", "preference"));
        if (!isNew || vm.IsDeleting()) return null;
        var named = vm.Copy();
        named.Metadata()["namespace"] ??= old?.NameOf().Namespace;
        if ((await types.OfAsync(named, cancellationToken)).Problem is not { } problem) return null;
        var field = problem.Reason == TypeLookup.NoPreference ? "preference" : "instancetype";
        return new Violation("FieldValueNotFound", $"spec.{field}", $"Failure to find {field}: {problem.Message}");
    }

    private static JsonObject Answer(string? uid, IReadOnlyList<Violation> violations)
    {
        var response = new JsonObject { ["uid"] = uid, ["allowed"] = violations.Count == 0 };
        if (violations.Count > 0)
        {
            response["status"] = new JsonObject
            {
                ["status"] = "Failure",
                ["message"] = string.Join(", ", violations.Select(violation => violation.Message)),
                ["reason"] = "Invalid",
                ["code"] = StatusCodes.Status422UnprocessableEntity,
                ["details"] = new JsonObject
                {
                    ["causes"] = new JsonArray([.. violations.Select(violation => new JsonObject
                    {
                        ["reason"] = violation.Reason,
                        ["message"] = violation.Message,
                        ["field"] = violation.Field,
                    })]),
                },
            };
        }
        return new JsonObject { ["apiVersion"] = "admission.k8s.io/v1", ["kind"] = "AdmissionReview", ["response"] = response };
    }
}
