using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>An operation that was parsed and is not stored yet; its payload is not held.</summary>
internal readonly record struct ReceivedOperation(OperationHeader Operation, int PayloadBytes, NamespacedName? Target, bool IsRead);
