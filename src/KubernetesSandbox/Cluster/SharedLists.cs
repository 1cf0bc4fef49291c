namespace KubernetesSandbox.Cluster;

/// <summary>A list that is not atomic.</summary>
/// <param name="Path">Where it is, <c>[]</c> for the items of a list.</param>
/// <param name="Keys">What tells its items apart; none: they are scalars.</param>
internal sealed record SharedList(string Path, params string[] Keys);

/// <summary>The lists of the built-in kinds that are not atomic (Kubernetes' API reference says it of each field).</summary>
internal static class SharedLists
{
    public static readonly SharedList[] OfAllKinds = [new("metadata.ownerReferences", "uid"), new("metadata.finalizers")];

    private static readonly SharedList Conditions = new("status.conditions", "type");

    private static readonly SharedList[] OfPodSpecs =
    [
        .. OfContainers("containers"),
        .. OfContainers("initContainers"),
        .. OfContainers("ephemeralContainers"),
        new("volumes", "name"),
        new("imagePullSecrets", "name"),
        new("hostAliases", "ip"),
        new("topologySpreadConstraints", "topologyKey", "whenUnsatisfiable"),
    ];

    public static SharedList[] Of(GroupResource resource) => resource switch
    {
        ("", "pods") => [Conditions, .. Below("spec", OfPodSpecs)],
        ("apps", "deployments") => [Conditions, .. Below("spec.template.spec", OfPodSpecs)],
        ("", "services") => [Conditions, new("spec.ports", "port", "protocol")],
        ("", "serviceaccounts") => [new("secrets", "name")],
        ("", "nodes") => [Conditions, new("status.addresses", "type"), new("spec.podCIDRs")],
        (_, "namespaces" or "persistentvolumeclaims" or "customresourcedefinitions" or "apiservices") => [Conditions],
        _ => [],
    };

    private static SharedList[] OfContainers(string field) => Below(
        $"{field}.[]",
        [
            new("ports", "containerPort", "protocol"),
            new("env", "name"),
            new("volumeMounts", "mountPath"),
            new("volumeDevices", "devicePath"),
        ]) is var inner ? [new(field, "name"), .. inner] : [];

    private static SharedList[] Below(string path, SharedList[] lists) =>
        [.. lists.Select(list => list with { Path = $"{path}.{list.Path}" })];
}
