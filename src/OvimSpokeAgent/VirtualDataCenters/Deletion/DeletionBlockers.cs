using System.Globalization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>What is read of a guest that does not go (kubevirt.io/v1 VirtualMachineInstance).</summary>
internal sealed record GuestObject : IKubernetesObject
{
    public ObjectMetadata Metadata { get => field ?? ObjectMetadata.None; init; }

    public GuestSpec? Spec { get; init; }

    public GuestStatus? Status { get; init; }
}

internal sealed record GuestSpec
{
    /// <summary>How long the guest may take to shut down; null: 30 s.</summary>
    public long? TerminationGracePeriodSeconds { get; init; }
}

internal sealed record GuestStatus
{
    public string? Phase { get; init; }
}

/// <summary>
/// What holds up the deletion of a VDC: guests that still run, what Kubernetes says of a namespace that stays, and finalizers, those of
/// the namespace itself and of the objects in it that the agent may read; whose they are, and what to do.
/// </summary>
internal sealed class DeletionBlockers(IKubernetesApi api)
{
    private const int MaxNamed = 5;

    // The namespace controller's own: there as long as something else is in the namespace.
    private const string OfNamespaceController = "kubernetes";

    private const string Remedy = "a finalizer is taken off by the controller that set it: see whether that runs; "
        + "where it is gone for good, an administrator can take the finalizer off";

    // What the agent may list.
    private static readonly ResourceKind[] Kinds =
    [
        KubeVirtKinds.VirtualMachine, KubernetesKinds.ResourceQuota, KubernetesKinds.LimitRange, KubernetesKinds.NetworkPolicy,
        KubernetesKinds.RoleBinding,
    ];

    // By the domain that a finalizer begins with, or by its whole name.
    private static readonly (string Domain, string Owner)[] Owners =
    [
        ("cattle.io", "Rancher"), ("kubevirt.io", "KubeVirt"), ("openshift.io", "OpenShift"), ("argoproj.io", "Argo CD"),
        ("velero.io", "Velero"), ("foregroundDeletion", "Kubernetes' garbage collector"), ("orphan", "Kubernetes' garbage collector"),
        (WellKnownNames.KeepDisksFinalizer, "this agent, which takes it off by itself: the VM's message and events say why not yet"),
        ("kubernetes.io/pvc-protection", "Kubernetes, while a pod uses the claim"), ("kubernetes.io", "Kubernetes or one of its add-ons"),
    ];

    /// <summary>Describes it for the hub's user.</summary>
    public async Task<string> DescribeAsync(NamespaceObject ns, CancellationToken cancellationToken)
    {
        var listing = Kinds.Select(kind => FinalizersOfAsync(kind, ns.Metadata.Name, cancellationToken)).ToList();
        var guests = await api.ListAllAsync(
            KubeVirtKinds.VirtualMachineInstance,
            ns.Metadata.Name,
            VdcJson.Default.GuestObject,
            cancellationToken,
            keep: guest => guest with { Metadata = guest.Metadata.Bounded() });
        var finalizers = (await Task.WhenAll(listing)).SelectMany(found => found).Concat(FinalizersOf(KubeVirtKinds.VirtualMachineInstance, guests)).ToList();
        // While a guest shuts down, KubeVirt's finalizers are as they should be.
        var running = guests.Where(guest => guest.Status?.Phase is not ("Succeeded" or "Failed")).ToList();
        finalizers.RemoveAll(found => running.Exists(guest => guest.Metadata.Name == found.Name));

        var reasons = new List<string>();
        if (running.Count > 0) reasons.Add(Show(running));
        reasons.AddRange((ns.Status?.Conditions ?? [])
            .Where(condition => condition.Status == "True" && !string.IsNullOrEmpty(condition.Message))
            .Select(condition => WithOwners(condition.Message!)));
        if (ns.Metadata.DeletionTimestamp is not null) reasons.AddRange(OfNamespace(ns));
        reasons.AddRange(finalizers.Take(MaxNamed).Select(found => found.Text));
        if (finalizers.Count > MaxNamed) reasons.Add($"{finalizers.Count - MaxNamed} more objects have finalizers");
        if (reasons.Count == 0) return "Kubernetes does not say what";
        var isFinalizer = reasons.Exists(reason => reason.Contains("finalizer", StringComparison.Ordinal));
        return string.Join("; ", reasons) + (isFinalizer ? $" ({Remedy})" : "");
    }

    private static IEnumerable<string> OfNamespace(NamespaceObject ns)
    {
        string[] finalizers = [.. ns.Metadata.Finalizers ?? [], .. (ns.Spec?.Finalizers ?? []).Where(finalizer => finalizer != OfNamespaceController)];
        if (finalizers.Length > 0) yield return $"the namespace itself has {Show(finalizers)}";
    }

    private async Task<IEnumerable<(string Name, string Text)>> FinalizersOfAsync(ResourceKind kind, string ns, CancellationToken cancellationToken) =>
        FinalizersOf(kind, await api.ListAllAsync(kind, ns, ClusterJson.Default.AnyObject, cancellationToken, keep: AnyObject.Bounded));

    private static IEnumerable<(string Name, string Text)> FinalizersOf(ResourceKind kind, IEnumerable<IKubernetesObject> items) => items
        .Where(item => item.Metadata is { DeletionTimestamp: not null, Finalizers.Count: > 0 })
        .Select(item => (item.Metadata.Name, $"{kind.Kind} {item.Metadata.Name} has {Show(item.Metadata.Finalizers!)}"));

    private static string Show(List<GuestObject> running)
    {
        List<string> named =
        [
            .. running.Select(guest => string.Create(
                CultureInfo.InvariantCulture, $"{guest.Metadata.Name} (it may take {guest.Spec?.TerminationGracePeriodSeconds ?? 30} s to shut down)")),
        ];
        return $"guests that still run: {ShortList.Names(named, MaxNamed)}; isolation and limits hold until they are gone";
    }

    private static string Show(IReadOnlyList<string> finalizers) =>
        $"the finalizer{(finalizers.Count == 1 ? "" : "s")} {string.Join(", ", finalizers.Select(finalizer => $"{finalizer} (of {OwnerOf(finalizer)})"))}";

    // "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances, …" (namespace controller).
    private static string WithOwners(string message)
    {
        const string Marker = "finalizers remaining: ";
        if (message.IndexOf(Marker, StringComparison.Ordinal) is var at && at < 0) return message;
        var finalizers = message[(at + Marker.Length)..].Split(", ").Select(part => part.Split(" in ")[0]).Where(finalizer => finalizer.Length > 0);
        return $"{message} ({string.Join(", ", finalizers.Select(finalizer => $"{finalizer} is of {OwnerOf(finalizer)}"))})";
    }

    private static string OwnerOf(string finalizer)
    {
        var domain = finalizer.Split('/')[0];
        foreach (var (known, owner) in Owners)
        {
            if (finalizer == known || domain == known || domain.EndsWith("." + known, StringComparison.Ordinal)) return owner;
        }
        return $"the controller of {domain}";
    }
}
