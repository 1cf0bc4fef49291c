using System.Reflection;
using Xunit.Sdk;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>Which Kubernetes API a test runs against.</summary>
public enum ClusterKind
{
    /// <summary>The sandbox's, in this process.</summary>
    Sandbox,

    /// <summary>A real API server, named by <c>OVIM_E2E_KUBECONFIG</c>.</summary>
    RealApiServer,
}

/// <summary>The test runs against the sandbox.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnSandboxAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[ClusterKind.Sandbox]];
}

/// <summary>The test runs against a real API server too, where there is one.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnRealApiServerAttribute : DataAttribute
{
    public const string KubeconfigVariable = RealCluster.KubeconfigVariable;

    public OnRealApiServerAttribute() => Skip = WhyNot;

    /// <summary>Why tests that need one are skipped; null: they are not.</summary>
    internal static string? WhyNot => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(KubeconfigVariable))
        ? $"needs a real API server: set {KubeconfigVariable} to an administrator's kubeconfig"
        : null;

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[ClusterKind.RealApiServer]];
}

/// <summary>The test needs a real API server, and is run with generated input: see <see cref="GeneratedRuns"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SeedsOnRealApiServerAttribute : DataAttribute
{
    public SeedsOnRealApiServerAttribute() => Skip = OnRealApiServerAttribute.WhyNot;

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => GeneratedRuns.Seeds();
}
