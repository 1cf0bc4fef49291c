using System.Collections.Concurrent;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// What the VMs of each namespace take: every VM that the caches know, whoever made it, running or not (it may be started
/// any time), and what operations were admitted to and the caches do not show yet. All of a namespace is done under one
/// lock, so that two operations cannot be admitted to the same room.
/// </summary>
internal sealed class QuotaLedger : IDisposable
{
    // After an operation's end, a watch that is synced shows within this time what it wrote; else it wrote nothing.
    private static readonly TimeSpan ShownAfter = TimeSpan.FromSeconds(30);

    private readonly WatchCache<VirtualMachineObject, VirtualMachineItem> _machines;
    private readonly Instancetypes _instancetypes;
    private readonly Func<OperationKey, bool> _isUnfinished;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Account> _accounts = []; // of namespaces in which there is something
    private readonly IDisposable[] _subscriptions;

    /// <param name="machines">The VMs.</param>
    /// <param name="instances">Their guests.</param>
    /// <param name="instancetypes">The sizes of some.</param>
    /// <param name="isUnfinished">Whether an operation is still to be done, or done again.</param>
    /// <param name="time">The clock.</param>
    public QuotaLedger(
        WatchCache<VirtualMachineObject, VirtualMachineItem> machines,
        WatchCache<VirtualMachineInstanceObject, VirtualMachineInstanceItem> instances,
        Instancetypes instancetypes,
        Func<OperationKey, bool> isUnfinished,
        TimeProvider time)
    {
        (_machines, _instancetypes, _isUnfinished, _time) = (machines, instancetypes, isUnfinished, time);
        _subscriptions =
        [
            machines.Subscribe(change => Seen(change.Name, change.New)),
            instances.Subscribe(change => Seen(change.Name, change.New)),
        ];
        foreach (var machine in machines.Items) Seen(machine.Name, machine);
        foreach (var instance in instances.Items) Seen(instance.Name, instance);
    }

    /// <summary>In how many namespaces there is something.</summary>
    public int Namespaces => _accounts.Count;

    /// <summary>Every VM of a namespace, with those that operations were admitted to make or to make larger.</summary>
    public IReadOnlyList<LedgerEntry> EntriesOf(string ns)
    {
        if (!_accounts.TryGetValue(ns, out var account)) return [];
        lock (account)
        {
            return
            [
                .. account.Vms.Keys.Union(account.Reservations.Keys)
                    .Select(name => Entry(name, account.Vms.GetValueOrDefault(name), Largest(account, name))),
            ];
        }
    }

    /// <summary>The VMs of a namespace as they are, without what is only admitted.</summary>
    public IReadOnlyList<LedgerEntry> MachinesOf(string ns)
    {
        if (!_accounts.TryGetValue(ns, out var account)) return [];
        lock (account) return [.. account.Vms.Select(vm => Entry(vm.Key, vm.Value, LargestOf(vm.Value, ns)))];
    }

    /// <summary>
    /// Reserves what a claim asks for if <paramref name="refuse"/>, given what all other VMs of the namespace take and
    /// what this one took so far, has nothing against it; else returns its reason.
    /// </summary>
    public string? Reserve(VirtualMachineClaim claim, Func<QuotaUsage, VirtualMachineFootprint?, string?> refuse)
    {
        return In(claim.Vm.Namespace, account =>
        {
            ForgetEnded(account);
            var others = account.Vms.Keys.Union(account.Reservations.Keys).Where(name => name != claim.Vm)
                .Aggregate(default(QuotaUsage), (usage, name) => usage.With(Largest(account, name)));
            var before = account.Vms.TryGetValue(claim.Vm, out var seen) ? LargestOf(seen, claim.Vm.Namespace) : null;
            if (refuse(others, before) is { } reason) return reason;
            // A start takes nothing that the VM does not have already.
            if (claim.Kind is not ClaimKind.Start && seen?.Machine?.Operation != claim.Key.Value)
                account.Reservations[claim.Vm] = new Reservation(claim);
            return null;
        });
    }

    /// <summary>Gives back what was reserved for a claim.</summary>
    public void Release(VirtualMachineClaim claim)
    {
        In(claim.Vm.Namespace, account => account.Reservations.TryGetValue(claim.Vm, out var reservation)
            && reservation.Key == claim.Key && account.Reservations.Remove(claim.Vm));
    }

    public void Dispose()
    {
        foreach (var subscription in _subscriptions) subscription.Dispose();
    }

    private void Seen(NamespacedName name, VirtualMachineItem? machine)
    {
        In(name.Namespace, account =>
        {
            // Each write of the agent names its operation on the VM: from then on the VM itself counts.
            if (account.Reservations.TryGetValue(name, out var reservation)
                && (machine is null ? !reservation.IsOfNewVm : machine.Operation == reservation.Key.Value))
            {
                account.Reservations.Remove(name);
            }
            return account.Set(name, seen => seen with { Machine = machine });
        });
    }

    private void Seen(NamespacedName name, VirtualMachineInstanceItem? instance)
    {
        In(name.Namespace, account => account.Set(name, seen => seen with { Instance = instance }));
    }

    // One at a time in a namespace. An account in which nothing is left is closed: whoever waited for it takes a new one.
    private T In<T>(string ns, Func<Account, T> act)
    {
        while (true)
        {
            var account = _accounts.GetOrAdd(ns, _ => new Account());
            lock (account)
            {
                if (account.IsClosed) continue;
                try
                {
                    return act(account);
                }
                finally
                {
                    account.IsClosed = account.Vms.Count == 0 && account.Reservations.Count == 0;
                    if (account.IsClosed) _accounts.TryRemove(ns, out _);
                }
            }
        }
    }

    private void ForgetEnded(Account account)
    {
        foreach (var (name, reservation) in account.Reservations)
        {
            if (_isUnfinished(reservation.Key)) continue;
            reservation.EndedAt ??= _time.GetTimestamp();
            if (_time.GetElapsedTime(reservation.EndedAt.Value) > ShownAfter && _machines.Status.State is CacheState.Synced)
                account.Reservations.Remove(name);
        }
    }

    private VirtualMachineFootprint Largest(Account account, NamespacedName name)
    {
        var seen = account.Vms.TryGetValue(name, out var vm) ? LargestOf(vm, name.Namespace) : null;
        if (!account.Reservations.TryGetValue(name, out var reservation)) return seen!;
        var reserved = reservation.Footprint;
        return seen is null ? reserved : LargerOf(seen, reserved);
    }

    // A guest that runs may be larger than its VM says, until it restarts.
    private VirtualMachineFootprint LargestOf(SeenVm seen, string ns)
    {
        var instance = seen.Instance?.Footprint;
        if (seen.Machine is not { } machine) return instance!;
        var template = _instancetypes.Resolve(machine.Footprint, ns);
        return instance is null ? template : LargerOf(template, instance);
    }

    private static LedgerEntry Entry(NamespacedName name, SeenVm? seen, VirtualMachineFootprint footprint) => new(
        name,
        footprint,
        seen?.Instance is { IsFinal: false },
        seen?.Machine?.CreatedAt ?? (seen is null ? DateTimeOffset.MaxValue : DateTimeOffset.MinValue));

    private static VirtualMachineFootprint LargerOf(VirtualMachineFootprint vm, VirtualMachineFootprint other) => vm with
    {
        Vcpus = Math.Max(vm.Vcpus, other.Vcpus),
        MemoryBytes = Math.Max(vm.MemoryBytes, other.MemoryBytes),
        StorageBytes = Math.Max(vm.StorageBytes, other.StorageBytes),
        FillingBytes = Math.Max(vm.FillingBytes, other.FillingBytes),
        CpuRequest = vm.CpuRequest is null && other.CpuRequest is null
            ? null
            : Math.Max(vm.CpuRequest ?? 0, other.CpuRequest ?? 0),
        MemoryRequest = vm.MemoryRequest is null && other.MemoryRequest is null
            ? null
            : Math.Max(vm.MemoryRequest ?? 0, other.MemoryRequest ?? 0),
    };

    private sealed record SeenVm(VirtualMachineItem? Machine, VirtualMachineInstanceItem? Instance);

    private sealed class Reservation(VirtualMachineClaim claim)
    {
        public OperationKey Key { get; } = claim.Key;

        public VirtualMachineFootprint Footprint { get; } = claim.Footprint;

        /// <summary>The VM is to be made: that one of its name goes means nothing.</summary>
        public bool IsOfNewVm { get; } = claim.Kind is ClaimKind.Create;

        /// <summary>When the operation was first seen to have ended.</summary>
        public long? EndedAt { get; set; }
    }

    // Its own lock.
    private sealed class Account
    {
        public Dictionary<NamespacedName, SeenVm> Vms { get; } = [];

        public Dictionary<NamespacedName, Reservation> Reservations { get; } = [];

        public bool IsClosed { get; set; }

        public bool Set(NamespacedName name, Func<SeenVm, SeenVm> change)
        {
            var seen = change(Vms.GetValueOrDefault(name) ?? new SeenVm(null, null));
            if (seen is { Machine: null, Instance: null }) return Vms.Remove(name);
            Vms[name] = seen;
            return true;
        }
    }
}
