using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// A <c>create_vm</c> that names a template. Which one that is, is fixed in the journal before anything is made: done again after
/// the template changed or went, it makes the same VM.
/// </summary>
internal sealed class TemplatedRequest(string template, JsonElement payload, ITemplateSource templates)
{
    private const string Field = "template";
    private const string CarriedField = "carried";

    /// <summary>The VM that is wished for, or why there is none.</summary>
    public async Task<(VirtualMachineRequest? Request, string? Refusal)> ReadAsync(
        OperationContext context, CancellationToken cancellationToken)
    {
        if (context.Checkpoint is { } stored)
        {
            return Read(stored) is { } known
                ? (Effective(known, context), null)
                : (null, "what the journal holds of the template is not what was stored there");
        }
        var (found, refusal) = await templates.FindAsync(template, payload, cancellationToken);
        if (found is null) return (null, refusal);
        var merged = TemplateMerge.Merge(payload, found.Content);
        context.Effective = merged.Json; // what is secret in it is in no message either
        var (request, errors) = Read(found, merged);
        if (request is null) return (null, errors);
        if (await templates.MissingAsync(merged.Json, request.Name.Namespace, cancellationToken) is { Count: > 0 } missing)
            return (null, merged.Explain(missing, found.Name));
        await context.CheckpointAsync(Checkpoint(found), cancellationToken);
        return (Effective(request, context), null);
    }

    /// <summary>The VM that an earlier execution was to make; null: there is no telling.</summary>
    public VirtualMachineRequest? Read(string checkpoint)
    {
        try
        {
            var document = OperationJson.Parse(Encoding.UTF8.GetBytes(checkpoint));
            return document.ValueKind is JsonValueKind.Object && JsonText.TryGetProperty(document, Field, out var content)
                && content.ValueKind is JsonValueKind.Object
                ? Read(new TemplateContent(template, content) { Carried = CarriedIn(document) }, TemplateMerge.Merge(payload, content)).Request
                : null;
        }
        catch (JsonException)
        {
            return null; // people can write anything there
        }
    }

    private static JsonElement CarriedIn(JsonElement checkpoint) =>
        JsonText.TryGetProperty(checkpoint, CarriedField, out var carried) && carried.ValueKind is JsonValueKind.Object ? carried : default;

    private static VirtualMachineRequest Effective(VirtualMachineRequest request, OperationContext context)
    {
        context.Effective = request.Payload;
        return request;
    }

    private static (VirtualMachineRequest? Request, string? Errors) Read(TemplateContent found, MergedPayload merged)
    {
        var reader = new PayloadReader(merged.Json);
        var request = VirtualMachineRequest.Read(reader) with
        {
            Payload = merged.Json,
            Template = found.Name,
            Carried = found.Carried,
        };
        return reader.Errors.Count == 0 ? (request, null) : (null, merged.Explain(reader.Errors, found.Name));
    }

    private static string Checkpoint(TemplateContent found)
    {
        var parts = new Dictionary<string, JsonElement> { [Field] = found.Content };
        if (found.Carried.ValueKind is JsonValueKind.Object) parts[CarriedField] = found.Carried;
        return Encoding.UTF8.GetString(CanonicalJson.Of(parts.OrderByDescending(part => part.Key, StringComparer.Ordinal)));
    }
}
