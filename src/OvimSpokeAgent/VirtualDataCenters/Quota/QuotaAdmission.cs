using System.Globalization;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Admits VMs by what is declared for their namespace: minimum and maximum of one VM, vCPUs, guest memory and number of
/// all of them. What it admits has room in the ResourceQuota under it, too, before the VM is made.
/// </summary>
internal sealed class QuotaAdmission(
    VdcDeclarationCache namespaces,
    QuotaLedger ledger,
    Instancetypes instancetypes,
    VdcLocks locks,
    VdcApplier applier,
    VdcObjects objects,
    VdcCaches caches,
    VdcMetrics metrics,
    VmCaches vmCaches,
    TimeProvider time) : IVirtualMachineAdmission
{
    private readonly Lock _restoring = new();
    private readonly Queue<VirtualMachineClaim> _toRestore = [];

    // The quota controller takes a raised quota over within moments; without one nothing waits for it.
    private static readonly TimeSpan QuotaTakenOver = TimeSpan.FromSeconds(5);

    public async Task<string?> AdmitAsync(VirtualMachineClaim claim, CancellationToken cancellationToken)
    {
        // Without what is there nothing can be judged; right after the start it may not be known yet.
        await vmCaches.WaitForFirstAnswerAsync(cancellationToken);
        RestoreClaims();
        var ns = claim.Vm.Namespace;
        if (namespaces.Get(ns) is not { } declared) return null;
        if (namespaces.IsBeingDeleted(ns)) return $"namespace: \"{ns}\" is being deleted";
        if (declared.Declaration is not { } declaration || (declaration.Quota.IsEmpty && declaration.Limits.IsEmpty)) return null;
        var footprint = await instancetypes.ResolveNowAsync(claim.Footprint, ns, cancellationToken);
        if (footprint is null) return claim.Footprint.Instancetype!.Missing;
        claim = claim with { Footprint = footprint };
        if (ledger.Reserve(claim, (others, before) => Refuse(claim, declaration, WithClaims(ns, others), before)) is { } reason)
        {
            metrics.Refused();
            return reason;
        }
        await MakeRoomAsync(ns, declaration, claim.Kind, cancellationToken);
        return null;
    }

    public void Restore(VirtualMachineClaim claim)
    {
        lock (_restoring) _toRestore.Enqueue(claim);
    }

    public void Withdraw(VirtualMachineClaim claim) => ledger.Release(claim);

    // Before the first claim is judged: in the order in which they were made.
    private void RestoreClaims()
    {
        lock (_restoring)
        {
            while (_toRestore.TryDequeue(out var claim))
            {
                if (namespaces.Get(claim.Vm.Namespace)?.Declaration is not { } declaration) continue;
                var resolved = claim with { Footprint = instancetypes.Resolve(claim.Footprint, claim.Vm.Namespace) };
                ledger.Reserve(resolved, (others, before) => Refuse(resolved, declaration, others, before));
            }
        }
    }

    // PersistentVolumeClaims of others count, too; those of VMs come some time after the VMs.
    private QuotaUsage WithClaims(string ns, QuotaUsage others) =>
        caches.Quotas.Get(new(ns, VdcNames.Quota))?.Used.TryGetValue(VdcManifests.RequestsStorage, out var bytes) is true
            ? others with { StorageBytes = Math.Max(others.StorageBytes, Saturating.Ceiling(bytes)) }
            : others;

    /// <summary>Why a claim does not fit, or null. Pure.</summary>
    internal static string? Refuse(
        VirtualMachineClaim claim, VdcDeclaration declaration, QuotaUsage others, VirtualMachineFootprint? before)
    {
        var vm = claim.Footprint;
        var (quota, limits) = (declaration.Quota, declaration.Limits);
        // Making a VM smaller must be possible while there is too much of everything.
        var takesCpu = claim.Kind is not ClaimKind.Resize || vm.Vcpus > (before?.Vcpus ?? 0);
        var takesMemory = claim.Kind is not ClaimKind.Resize || vm.MemoryBytes > (before?.MemoryBytes ?? 0);
        var reasons = new List<string>();
        if (claim.Kind is not ClaimKind.Start)
        {
            Limit("cpu", vm.Vcpus, limits.MinCpu, limits.MaxCpu, value => $"{value} vCPUs");
            Limit("memory", vm.MemoryBytes, limits.MinMemory, limits.MaxMemory, Bytes);
        }
        if (takesCpu) Sum("cpu", vm.Vcpus, others.Vcpus, quota.Cpu, value => $"{value} vCPUs");
        if (takesMemory) Sum("memory", vm.MemoryBytes, others.MemoryBytes, quota.Memory, Bytes);
        if (claim.Kind is ClaimKind.Create && quota.Storage is { } storage
            && (decimal)others.StorageBytes + vm.StorageBytes + vm.FillingBytes > storage.Value && vm.StorageBytes > 0)
        {
            var filling = vm.FillingBytes > 0 ? $" and, while its disks are filled, {Bytes(vm.FillingBytes)} more" : "";
            reasons.Add($"quota.storage: asked {Bytes(vm.StorageBytes)}{filling}, used {Bytes(others.StorageBytes)}, allowed {storage.Text}");
        }
        if (claim.Kind is ClaimKind.Create && quota.Vms is { } vms && others.Vms + 1 > vms)
            reasons.Add($"quota.vms: asked 1 VM, used {others.Vms}, allowed {vms}");
        return reasons.Count == 0 ? null : string.Join("; ", reasons);

        void Limit(string field, long asked, Quantity? min, Quantity? max, Func<long, string> show)
        {
            if (min is { } low && asked < low.Value) reasons.Add($"{field}: {show(asked)} are too little, limit_range.min_{field} is {low.Text}");
            if (max is { } high && asked > high.Value) reasons.Add($"{field}: {show(asked)} are too much, limit_range.max_{field} is {high.Text}");
        }

        void Sum(string field, long asked, long used, Quantity? allowed, Func<long, string> show)
        {
            if (allowed is { } a && (decimal)used + asked > a.Value)
                reasons.Add($"quota.{field}: asked {show(asked)}, used {show(used)}, allowed {a.Text}");
        }
    }

    // The quota is the net under this check: it must let in what the check let in.
    private async Task MakeRoomAsync(string ns, VdcDeclaration declaration, ClaimKind kind, CancellationToken cancellationToken)
    {
        if (Quota(ns, declaration) is not { } wanted) return;
        var name = wanted.Name;
        if (caches.Find(wanted.Kind, name)?.Fingerprint != wanted.Fingerprint)
        {
            using (await locks.HoldAsync(ns, cancellationToken))
            {
                // Meanwhile something else may have been declared.
                if (namespaces.Get(ns)?.Declaration is not { } current || Quota(ns, current) is not { } now) return;
                await objects.PutAsync(now, cancellationToken);
            }
        }
        if (kind is ClaimKind.Create && declaration.Quota.Vms is { } vms) await WaitUntilEnforcedAsync(name, vms, cancellationToken);
    }

    private OwnedManifest? Quota(string ns, VdcDeclaration declaration) =>
        applier.WithHeadroom(ns, declaration, applier.UpdateHeadroom(ns, declaration));

    // The VM itself is refused by a count that the quota controller has not raised yet, and nobody would try it again.
    // False: it takes too long; then the server's own answer says what is wrong.
    private Task<bool> WaitUntilEnforcedAsync(NamespacedName quota, int vms, CancellationToken cancellationToken) => TimeLimit.RunAsync(
        QuotaTakenOver,
        time,
        token => caches.Quotas.WaitUntilAsync(
            quota,
            item => item is null || !item.Enforced.TryGetValue(VdcManifests.VmCount, out var enforced) || enforced >= vms,
            token),
        cancellationToken);

    private static string Bytes(long bytes) => bytes >= 1L << 30
        ? (bytes / (decimal)(1L << 30)).ToString("0.###", CultureInfo.InvariantCulture) + "Gi"
        : Quantity.OfBytes(bytes).Text;
}
