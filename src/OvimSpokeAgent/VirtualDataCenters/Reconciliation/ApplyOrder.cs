using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// The one order in which objects are written, in which nothing is half open: who is no admin any more loses access; then isolation,
/// quota and limits, and access, as <see cref="VdcManifests.Objects"/> lists them; and last what is replaced by them goes.
/// </summary>
internal static class ApplyOrder
{
    /// <param name="surplus">What is to go.</param>
    /// <param name="wanted">What is to be there, in the order of <see cref="VdcManifests.Objects"/>.</param>
    /// <param name="kindOf">The kind of each.</param>
    public static IReadOnlyList<T> Of<T>(IEnumerable<T> surplus, IEnumerable<T> wanted, Func<T, ResourceKind> kindOf)
    {
        var goes = surplus.ToLookup(item => kindOf(item) == KubernetesKinds.RoleBinding);
        return [.. goes[true], .. wanted, .. goes[false]];
    }
}
