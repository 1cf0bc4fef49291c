using k8s;

namespace KubernetesSandbox.Metrics;

/// <summary>How the sandbox plays metrics-server.</summary>
public sealed record SandboxMetricsOptions
{
    /// <summary>How to reach the API server; <see cref="KubernetesClientConfiguration.BuildConfigFromConfigFile(string, string, string, bool)"/> reads a kubeconfig.</summary>
    public required KubernetesClientConfiguration Connection { get; init; }

    /// <summary>How much of its CPU and memory a node is said to use, from 0 to 1, unless a test says how much.</summary>
    public double Share { get; init; } = 0.25;

    /// <summary>The clock of the measurements' times.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
