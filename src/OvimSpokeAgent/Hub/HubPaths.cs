namespace OvimSpokeAgent.Hub;

/// <summary>The contract's paths, relative to the hub's endpoint.</summary>
internal static class HubPaths
{
    public const string Health = "health";

    public const string Status = "api/v1/spoke/status";

    public const string Templates = "api/v1/spoke/templates";

    public static string Operations(string agentId) => $"api/v1/spoke/operations?agent_id={Uri.EscapeDataString(agentId)}";

    public static string Result(string operationId) => $"api/v1/spoke/operations/{Uri.EscapeDataString(operationId)}/result";

    /// <summary>Whether a request takes operations, and so must never be repeated by anyone but the poll loop.</summary>
    public static bool IsPoll(Uri uri) => EndpointOf(uri) is HubEndpoint.Operations;

    /// <summary>Which of the hub's endpoints an absolute or relative address belongs to.</summary>
    public static HubEndpoint EndpointOf(Uri uri)
    {
        var path = uri.IsAbsoluteUri ? uri.AbsolutePath : uri.OriginalString.Split('?')[0];
        return path.EndsWith("/spoke/operations", StringComparison.Ordinal) ? HubEndpoint.Operations
            : path.EndsWith("/result", StringComparison.Ordinal) ? HubEndpoint.Result
            : path.EndsWith("/spoke/templates", StringComparison.Ordinal) ? HubEndpoint.Templates
            : path.EndsWith("/spoke/status", StringComparison.Ordinal) ? HubEndpoint.Status
            : HubEndpoint.Health;
    }
}

/// <summary>The hub's endpoints; each fails and recovers on its own.</summary>
internal enum HubEndpoint
{
    Health,
    Status,
    Operations,
    Result,
    Templates,
}
