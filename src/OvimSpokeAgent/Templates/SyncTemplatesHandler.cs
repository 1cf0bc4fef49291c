using System.Globalization;
using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// <c>sync_templates</c>: the list takes the place of all templates; an explicitly empty one removes them. How many went is fixed
/// in the journal before the first of them does: an execution after a crash finds none of them any more.
/// </summary>
internal sealed class SyncTemplatesHandler(TemplateCache cache, TemplateSource source, AgentSettings settings) : IOperationHandler
{
    private const string RemovedBefore = "removed:";

    public string Type => "sync_templates";

    public IReadOnlyList<string> Aliases => ["TemplateSync"];

    public OperationPlan? Plan(PayloadReader payload)
    {
        if (!settings.Templates.Sync)
        {
            payload.RejectBecause(SettingsTable.TemplateSync.Name, "it is false, so that this agent takes no templates from the hub");
            return null;
        }
        if (payload.RequiredArray("templates") is not { } list) return null;
        if (list.GetArrayLength() is > TemplateList.MaxListed and var length)
            payload.RejectBecause("templates", $"{length} are too many, expected at most {TemplateList.MaxListed}");
        return new OperationPlan
        {
            // One after the other.
            Target = new NamespacedName(settings.Namespace, TemplatePart.HeadName),
            Execute = (context, token) => SyncAsync(list, context, token),
        };
    }

    private async Task<OperationOutcome> SyncAsync(JsonElement list, OperationContext context, CancellationToken cancellationToken)
    {
        var read = await cache.ReplaceAsync(
            list,
            _ => true,
            what => context.Checkpoint is null
                ? context.CheckpointAsync(string.Create(CultureInfo.InvariantCulture, $"{RemovedBefore}{what.Removed}"), cancellationToken)
                : Task.CompletedTask,
            cancellationToken);
        var unusable = await source.UnusableNowAsync(cancellationToken);
        return OperationOutcome.Completed(
            new TemplateSyncResult
            {
                SyncedTemplates = read.Accepted,
                Removed = RemovedOf(context.Checkpoint) ?? read.Removed,
                Rejected = RejectedTemplates.ForResult(read.Rejected),
                Unusable = unusable.Count > 0 ? RejectedTemplates.ForResult(unusable) : null,
            },
            ContractJson.Default.TemplateSyncResult);
    }

    // People can write anything into the journal.
    private static int? RemovedOf(string? checkpoint) =>
        checkpoint is not null && checkpoint.StartsWith(RemovedBefore, StringComparison.Ordinal)
        && int.TryParse(checkpoint.AsSpan(RemovedBefore.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var removed) ? removed : null;
}
