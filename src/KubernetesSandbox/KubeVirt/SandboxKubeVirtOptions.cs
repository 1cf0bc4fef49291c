using k8s;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubernetesSandbox.KubeVirt;

/// <summary>How the sandbox plays KubeVirt.</summary>
public sealed record SandboxKubeVirtOptions
{
    /// <summary>How to reach the API server; <see cref="KubernetesClientConfiguration.BuildConfigFromConfigFile(string, string, string, bool)"/> reads a kubeconfig.</summary>
    public required KubernetesClientConfiguration Connection { get; init; }

    /// <summary>How long each step of a VM or of an import takes; zero: none, so that they follow at once.</summary>
    public TimeSpan StepDelay { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>The clock of all that takes time: steps, grace periods, back-off.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The namespaces whose VMs it looks after; null: all.</summary>
    public Func<string, bool>? Namespaces { get; init; }

    /// <summary>
    /// Plays virt-api: serves start, stop and restart as the aggregated API <c>subresources.kubevirt.io</c>, and refuses as a
    /// webhook VMs that make no sense. Without it the API server takes what the kinds' schemas let through.
    /// </summary>
    public bool HasVirtApi { get; init; } = true;

    /// <summary>Where its controllers write what went wrong.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
