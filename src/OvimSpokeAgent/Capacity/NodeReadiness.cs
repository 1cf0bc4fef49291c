namespace OvimSpokeAgent.Capacity;

/// <summary>A node's condition <c>Ready</c>, in the contract's words.</summary>
internal enum NodeReadiness
{
    Ready,
    NotReady,

    /// <summary>Its kubelet was not heard of, or never spoke.</summary>
    Unknown,
}
