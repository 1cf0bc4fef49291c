using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Sandbox.KubeVirt;

/// <summary>Finds the instancetype and the preference that a VM names.</summary>
internal sealed class TypeLookup(ApiClient api)
{
    /// <summary>The reason of the problem where the preference does not exist.</summary>
    public const string NoPreference = "FailedFindPreference";

    /// <summary>The instancetype's spec (<c>{}</c> where the VM names none), or why it cannot be used.</summary>
    public async Task<(JsonObject Spec, SyncProblem? Problem)> OfAsync(JsonObject vm, CancellationToken cancellationToken)
    {
        var (_, preferenceProblem) = await FindAsync(
            vm, "preference", "VirtualMachineClusterPreference", NoPreference, cancellationToken);
        if (preferenceProblem is not null) return ([], preferenceProblem);
        return await FindAsync(
            vm, "instancetype", "VirtualMachineClusterInstancetype", "FailedFindInstancetype", cancellationToken);
    }

    private async Task<(JsonObject Spec, SyncProblem? Problem)> FindAsync(
        JsonObject vm, string field, string defaultKind, string failure, CancellationToken cancellationToken)
    {
        if (vm.Text("spec", field, "name") is not { } name) return ([], null);
        var kindName = vm.Text("spec", field, "kind") ?? defaultKind;
        if (!Kinds.Types.TryGetValue(kindName, out var kind))
            return ([], new SyncProblem(failure, $"got unexpected kind in {field}Matcher: {kindName}"));
        var ns = kind.Plural.Contains("cluster", StringComparison.Ordinal) ? "" : vm.NameOf().Namespace;
        var found = await api.FindAsync(kind.Path(new ObjectName(ns, name)), cancellationToken);
        return found is null
            ? ([], new SyncProblem(failure, $"{kind.Name}.{kind.Group} \"{name}\" not found"))
            : (found["spec"] as JsonObject ?? [], null);
    }
}
