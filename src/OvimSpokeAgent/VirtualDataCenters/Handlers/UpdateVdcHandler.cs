using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// <c>update_vdc</c>: merges what is given into what is declared, keeps that on the namespace and makes the objects
/// anew. Doing it again changes nothing.
/// </summary>
internal sealed class UpdateVdcHandler(VdcNamespaceWriter namespaces, DeclarationUpdater updater) : IOperationHandler
{
    public string Type => "update_vdc";

    public IReadOnlyList<string> Aliases => ["VDCUpdate"];

    public OperationPlan Plan(PayloadReader payload)
    {
        var ns = VdcNames.ReadNamespace(payload, "target_namespace");
        var name = payload.RequiredString("vdc_name");
        // What is given must be right by itself; whether it fits is seen when it is merged.
        var organization = VdcDeclaration.Read(payload, isWhole: false).Organization;
        if (namespaces.GetRefusal(ns) is { } reason) payload.RejectBecause("target_namespace", reason);
        return new OperationPlan
        {
            Target = NamespacedName.ClusterScoped(ns),
            TargetKind = KubernetesKinds.Namespace,
            Execute = (context, token) => updater.RunAsync(
                ns,
                found => VdcNamespaceWriter.GetRefusal(found, name) ?? GetRefusal(organization, found),
                declared => DeclarationMerge.Merge(declared, context.Operation.Payload),
                _ => true,
                context.Key,
                token),
            ReadBack = (context, token) => updater.ReadBackAsync(ns, context.Key, token),
        };
    }

    private static string? GetRefusal(string? organization, DeclaredNamespace found) =>
        organization is not null && found.Declaration?.Organization is { } owner && owner != organization
            ? $"organization: \"{found.Name}\" is a VDC of \"{owner}\" and stays one, it cannot be given to \"{organization}\""
            : null;
}
