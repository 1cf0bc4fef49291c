using System.Net;
using Microsoft.AspNetCore.Connections;

namespace KubernetesSandbox.Cluster;

/// <summary>How the sandbox's cluster behaves.</summary>
public sealed record SandboxClusterOptions
{
    /// <summary>0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>For creation times, bookmarks, the end of watches, delays.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Whether KubeVirt's and CDI's kinds are there from the start.</summary>
    public bool HasKubeVirt { get; init; } = true;

    /// <summary>How often a watch that asked for bookmarks gets one.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What else it listens on, and by what transport; null: loopback only.</summary>
    public (EndPoint EndPoint, IConnectionListenerFactory Transport)? AlsoOn { get; init; }

    /// <summary>How many changes are kept at least, for watches that start in the past and for pages of lists.</summary>
    public int HistoryLimit { get; init; } = 5_000;
}
