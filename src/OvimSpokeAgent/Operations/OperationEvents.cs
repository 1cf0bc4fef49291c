using OvimSpokeAgent.Events;

namespace OvimSpokeAgent.Operations;

/// <summary>Tells of operations where their targets' owners look, in Kubernetes events: how each change ended.</summary>
/// <param name="events">Records them.</param>
/// <param name="isManaged">Whether the agent works in a namespace; into others it writes nothing, whatever the hub names.</param>
internal sealed class OperationEvents(EventRecorder events, Func<string, bool> isManaged)
{
    public void Ended(OperationHeader operation, OperationPlan? plan, OperationOutcome outcome)
    {
        if (plan is not { ReadOnly: false, Target: { } target, TargetKind: { } kind }) return;
        if (!isManaged(target.Namespace.Length > 0 ? target.Namespace : target.Name)) return;
        var subject = new EventSubject(kind, target) { IsUidLookedUp = !(plan.DeletesTarget && outcome.IsCompleted) };
        if (outcome.IsCompleted)
            events.Record(subject, EventSeverity.Normal, "OperationCompleted", $"{operation.Type} {operation.Id} is completed", operation.Type);
        else
            events.Record(subject, EventSeverity.Warning, "OperationFailed", $"{operation.Type} {operation.Id} failed: {outcome.Error}", operation.Type);
    }
}
