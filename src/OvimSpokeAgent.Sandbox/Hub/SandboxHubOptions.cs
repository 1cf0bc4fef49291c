using System.Security.Cryptography.X509Certificates;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>The hubs that exist, and that the sandbox's can behave as.</summary>
public enum HubKind
{
    /// <summary>Today's: sends VDC work to the spokes that it is configured with, and by no other way.</summary>
    Today,

    /// <summary>
    /// The one before, named after the status word that it wants: queues VDC work for polling, or pushes it where the agent
    /// said that it can be reached.
    /// </summary>
    Active,
}

/// <summary>How a hub answers when nothing is queued.</summary>
public enum EmptyAnswer
{
    NoContent,
    EmptyArray,
    Null,
}

/// <summary>How the sandbox's hub behaves.</summary>
public sealed record SandboxHubOptions
{
    public HubKind Kind { get; init; } = HubKind.Today;

    /// <summary>0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>The bearer token that agents must show; today's hub accepts this one only.</summary>
    public string Token { get; init; } = "spoke-agent-token";

    /// <summary>Serves TLS with the certificate this gives, asked for each connection; null: plain HTTP.</summary>
    public Func<X509Certificate2>? Certificate { get; init; }

    /// <summary>Demands client certificates and says which are accepted; null: demands none.</summary>
    public Func<X509Certificate2, bool>? AcceptsClient { get; init; }

    /// <summary>Takes compressed reports, and says so.</summary>
    public bool TakesGzip { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    public EmptyAnswer EmptyAnswer { get; init; } = EmptyAnswer.NoContent;

    /// <summary>Answers polls with <c>{"operations":[…]}</c> instead of an array.</summary>
    public bool WrapOperations { get; init; }
}
