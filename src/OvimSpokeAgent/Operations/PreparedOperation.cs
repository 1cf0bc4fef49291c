namespace OvimSpokeAgent.Operations;

/// <summary>An operation after its payload was judged: a plan, or the reason why there is none.</summary>
internal sealed record PreparedOperation(Operation Operation, OperationPlan? Plan, string? Rejection)
{
    public static PreparedOperation Rejected(Operation operation, string reason) => new(operation, null, reason);
}
