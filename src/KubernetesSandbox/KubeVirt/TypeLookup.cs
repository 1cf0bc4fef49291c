using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>The instancetype of a VM as it is used.</summary>
/// <param name="Spec">Its spec; <c>{}</c> where the VM names none, or it cannot be used.</param>
/// <param name="Revision">The ControllerRevision that it is pinned to.</param>
/// <param name="Unpinned">The instancetype itself where it is not pinned yet.</param>
/// <param name="Problem">Why it, or the preference, cannot be used.</param>
internal sealed record UsedInstancetype(
    JsonObject Spec, string? Revision = null, JsonObject? Unpinned = null, SyncProblem? Problem = null);

/// <summary>
/// Finds the instancetype and the preference that a VM names. As KubeVirt does (pkg/instancetype/find, .../revision), it
/// keeps the instancetype as it first was in a ControllerRevision of the VM, and uses that from then on.
/// </summary>
internal sealed class TypeLookup(ApiClient api)
{
    /// <summary>The reason of the problem where the preference does not exist.</summary>
    public const string NoPreference = "FailedFindPreference";

    private const string NoInstancetype = "FailedFindInstancetype";
    private const string LabelPrefix = "instancetype.kubevirt.io/object-";

    public async Task<UsedInstancetype> OfAsync(JsonObject vm, CancellationToken cancellationToken)
    {
        var (_, preferenceProblem) = await FindAsync(
            vm, "preference", "VirtualMachineClusterPreference", NoPreference, cancellationToken);
        if (preferenceProblem is not null) return new([], Problem: preferenceProblem);
        if (vm.Text("spec", "instancetype", "name") is not { Length: > 0 } name) return new([]);
        if (PinOf(vm) is { Length: > 0 } pin)
        {
            var path = Kinds.ControllerRevision.Path(vm.NameOf() with { Name = pin });
            if (await api.FindAsync(path, cancellationToken) is not { } revision)
                return new([], Problem: new SyncProblem(NoInstancetype, $"{Kinds.ControllerRevision} \"{pin}\" not found"));
            if (vm.Text("spec", "instancetype", "revisionName") == pin || revision.Text("metadata", "labels", LabelPrefix + "name") == name)
                return new(revision.At("data", "spec") as JsonObject ?? [], pin);
        }
        var (found, problem) = await FindAsync(vm, "instancetype", "VirtualMachineClusterInstancetype", NoInstancetype, cancellationToken);
        return found is null ? new([], Problem: problem) : new(found["spec"] as JsonObject ?? [], Unpinned: found);
    }

    /// <summary>Keeps an instancetype as it is now for a VM.</summary>
    /// <returns>The revision's name.</returns>
    public async Task<string> PinAsync(JsonObject vm, JsonObject type, CancellationToken cancellationToken)
    {
        var revision = RevisionOf(vm, type);
        try
        {
            await api.CreateAsync(Kinds.ControllerRevision, vm.NameOf().Namespace, revision, cancellationToken);
        }
        catch (RefusedException e) when (e.IsConflict)
        {
            // Made before; its name says of which VM and of what.
        }
        return revision.NameOf().Name;
    }

    private static string? PinOf(JsonObject vm) =>
        vm.Text("spec", "instancetype", "revisionName") ?? vm.Text("status", "instancetypeRef", "controllerRevisionRef", "name");

    private async Task<(JsonObject? Found, SyncProblem? Problem)> FindAsync(
        JsonObject vm, string field, string defaultKind, string failure, CancellationToken cancellationToken)
    {
        if (vm.Text("spec", field, "name") is not { } name) return (null, null);
        var kindName = vm.Text("spec", field, "kind") ?? defaultKind;
        if (!Kinds.Types.TryGetValue(kindName, out var kind))
            return (null, new SyncProblem(failure, $"got unexpected kind in {field}Matcher: {kindName}"));
        var ns = kind.Plural.Contains("cluster", StringComparison.Ordinal) ? "" : vm.NameOf().Namespace;
        var found = await api.FindAsync(kind.Path(new ObjectName(ns, name)), cancellationToken);
        return found is null ? (null, new SyncProblem(failure, $"{kind.Name}.{kind.Group} \"{name}\" not found")) : (found, null);
    }

    private static JsonObject RevisionOf(JsonObject vm, JsonObject type)
    {
        var (name, uid, generation) = (type.NameOf().Name, type.UidOf(), type.GenerationOf());
        var version = (type.Text("apiVersion") ?? "").Split('/')[^1];
        return new JsonObject
        {
            ["apiVersion"] = Kinds.ControllerRevision.ApiVersion,
            ["kind"] = Kinds.ControllerRevision.Name,
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{vm.NameOf().Name}-{name}-{version}-{uid}-{generation}",
                ["namespace"] = vm.NameOf().Namespace,
                ["ownerReferences"] = ObjectReading.OwnedBy(vm, Kinds.Vm),
                ["labels"] = new JsonObject
                {
                    [LabelPrefix + "generation"] = $"{generation}",
                    [LabelPrefix + "kind"] = type.Text("kind"),
                    [LabelPrefix + "name"] = name,
                    [LabelPrefix + "uid"] = uid,
                    [LabelPrefix + "version"] = version,
                },
            },
            ["revision"] = 0,
            ["data"] = new JsonObject
            {
                ["apiVersion"] = type.Text("apiVersion"),
                ["kind"] = type.Text("kind"),
                ["metadata"] = new JsonObject { ["name"] = name, ["uid"] = uid, ["generation"] = generation },
                ["spec"] = type["spec"]?.DeepClone(),
            },
        };
    }
}
