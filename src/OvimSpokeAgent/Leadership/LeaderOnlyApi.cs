using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Leadership;

/// <summary>
/// The Kubernetes API for everyone who acts on the cluster: reads pass, writes only while this agent leads, which is
/// looked up on the clocks right before each. Questions that are asked by <c>POST</c> and events pass as well.
/// </summary>
internal sealed class LeaderOnlyApi(IKubernetesApi api, ILeadership leadership) : ForwardingApi(api)
{
    protected override Task<T> WriteAsync<T>(string verb, ResourceKind kind, NamespacedName name, Func<Task<T>> write) =>
        leadership.Current is not null || ChangesNothing(kind)
            ? write()
            : throw new KubernetesApiException(
                ApiErrorReason.NotLeading,
                leadership.OtherLeader is { } other
                    ? $"not done: {other} leads"
                    : "not done: the Lease could not be renewed in time, another agent may lead");
}
