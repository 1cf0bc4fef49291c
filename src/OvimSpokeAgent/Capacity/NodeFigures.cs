namespace OvimSpokeAgent.Capacity;

/// <summary>A node with its use.</summary>
/// <param name="Node">The node.</param>
/// <param name="Used">What is used on it; null: it was not measured.</param>
/// <param name="Requested">What the pods of VMs on it request.</param>
internal sealed record NodeFigures(NodeItem Node, MeasuredUse? Used, MeasuredUse Requested);
