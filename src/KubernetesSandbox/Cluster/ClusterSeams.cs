namespace KubernetesSandbox.Cluster;

/// <summary>What tests and operators see of the running server and do to it.</summary>
internal sealed record ClusterSeams(
    ClusterRequests Requests, ClusterFaults Faults, AccessRules Access, TimeProvider Time, CancellationToken Stopping);
