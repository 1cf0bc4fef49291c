using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>Turns what was made into the hub's words.</summary>
internal static class VdcOutcome
{
    public static OperationOutcome Of(string ns, VdcDeclaration declaration, ApplyResult applied) =>
        applied.Problem is null
            ? OperationOutcome.Completed(
                new VdcResult { Name = declaration.Name, Namespace = ns, Objects = applied.Made },
                ContractJson.Default.VdcResult)
            : OperationOutcome.Failed($"namespace {ns}: {applied.Describe()}");
}
