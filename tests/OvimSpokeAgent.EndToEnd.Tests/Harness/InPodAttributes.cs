using System.Reflection;
using Xunit.Sdk;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The test runs the agent as in a pod: see <see cref="PodPlace"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class InPodFactAttribute : FactAttribute
{
    public InPodFactAttribute() => Skip = PodPlace.WhyNot;
}

/// <summary>The same, against a real API server.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class InPodOnRealApiServerAttribute : DataAttribute
{
    public InPodOnRealApiServerAttribute() => Skip = OnRealApiServerAttribute.WhyNot ?? PodPlace.WhyNot;

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[ClusterKind.RealApiServer]];
}
