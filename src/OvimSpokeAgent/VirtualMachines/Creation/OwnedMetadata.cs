using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>The marks of what an operation makes: who manages it, which VM it belongs to, which operation made it. Pure.</summary>
internal static class OwnedMetadata
{
    private static readonly Dictionary<string, string> None = [];

    /// <summary>The <c>metadata</c> of a VM.</summary>
    public static JsonObject OfVm(VirtualMachineRequest request, OperationKey key) =>
        Of(request.Name, request.Labels, request.Annotations, key);

    /// <summary>The <c>metadata</c> of what is made with a VM; owner and namespace are the caller's to add.</summary>
    public static JsonObject OfPart(VirtualMachineRequest request, string name, OperationKey key) => Of(
        request.Name with { Name = name },
        new Dictionary<string, string> { [WellKnownNames.VmLabel] = request.Name.Name },
        None,
        key);

    private static JsonObject Of(
        NamespacedName name,
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, string> annotations,
        OperationKey key) => new()
        {
            ["name"] = name.Name,
            ["namespace"] = name.Namespace,
            ["labels"] = StringMap.Of(labels, (WellKnownNames.ManagedByLabel, WellKnownNames.Agent)),
            ["annotations"] = StringMap.Of(
                annotations, (WellKnownNames.CreatedByAnnotation, key.Value), (WellKnownNames.OperationAnnotation, key.Value)),
        };
}
