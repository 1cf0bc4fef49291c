using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tour;

/// <summary>What the command line asks for.</summary>
internal sealed record SandboxSettings
{
    /// <summary>End after the tour, instead of staying up.</summary>
    public bool Exit { get; init; }

    public bool HasAgent { get; init; } = true;

    public bool HasTour { get; init; } = true;

    public HubKind HubKind { get; init; } = HubKind.Today;

    /// <summary>0: any free one.</summary>
    public int HubPort { get; init; }

    /// <summary>0: any free one.</summary>
    public int ClusterPort { get; init; }

    /// <summary>How many VMs are there from the start.</summary>
    public int Vms { get; init; }
}

/// <summary>The sandbox cannot start; the message is for its user.</summary>
internal sealed class SandboxException(string message, Exception? inner = null) : Exception(message, inner);
