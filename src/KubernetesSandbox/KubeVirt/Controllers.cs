using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// Runs the caches and the controllers: each change of an object lets those look at it whom it concerns. What fails is
/// tried again, later and later.
/// </summary>
internal sealed partial class Controllers : IAsyncDisposable
{
    private const int Workers = 4;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    private readonly ClusterState _state;
    private readonly VmController _vms;
    private readonly VmiController _vmis;
    private readonly VolumeController _volumes;
    private readonly WorkQueue<Work> _queue = new();
    private readonly ConcurrentDictionary<Work, int> _failures = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];

    public Controllers(ClusterState state, IReadOnlyList<string> nodes)
    {
        _state = state;
        (_vms, _vmis, _volumes) = (new(state), new(state, nodes), new(state));
        state.Vms.Changed += VmChanged;
        state.Vmis.Changed += VmiChanged;
        state.Volumes.Changed += DiskChanged;
        state.Claims.Changed += DiskChanged;
    }

    private enum Subject
    {
        Vm,
        Vmi,
        Volume,
    }

    /// <summary>Completes when all that is on the server is known and worked on.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _tasks.AddRange(_state.Caches.Select(cache => cache.RunAsync(_stop.Token)));
        await Task.WhenAll(_state.Caches.Select(cache => cache.Answered)).WaitAsync(cancellationToken);
        // Those that run keep their addresses; new ones get others.
        foreach (var vmi in _state.Vmis.Items) _state.Addresses.Of(vmi);
        // Only now: with a cache half full, an object's owner would seem to be gone.
        for (var i = 0; i < Workers; i++) _tasks.Add(_queue.WorkAsync(WorkAsync, _stop.Token));
    }

    /// <summary>Looks at a VM, its VMI and its disks again.</summary>
    public void Touch(ObjectName name)
    {
        _queue.Add(new Work(Subject.Vm, name));
        _queue.Add(new Work(Subject.Vmi, name));
        if (_state.Vms.Get(name) is not { } vm) return;
        foreach (var disk in Disks.ClaimNames(vm.At("spec", "template", "spec")))
            _queue.Add(new Work(Subject.Volume, name with { Name = disk }));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await Task.WhenAll(_tasks);
        }
        catch (OperationCanceledException)
        {
            // That is how they end.
        }
        _queue.Dispose();
        _stop.Dispose();
    }

    private void VmChanged(JsonObject vm)
    {
        Touch(vm, Subject.Vm, Subject.Vmi);
        // A fault of the VM is one of its imports, until it is taken back.
        foreach (var disk in Disks.ClaimNames(vm.At("spec", "template", "spec")))
            _queue.Add(new Work(Subject.Volume, vm.NameOf() with { Name = disk }));
    }

    private void VmiChanged(JsonObject vmi)
    {
        Touch(vmi, Subject.Vmi, Subject.Vm);
        if (_state.Vmis.Get(vmi.NameOf())?.UidOf() == vmi.UidOf()) return;
        _state.Stages.Forget(vmi.UidOf());
        _state.Addresses.Release(vmi.UidOf());
        // Its claims may go now.
        foreach (var claim in Disks.ClaimNames(vmi["spec"]))
            _queue.Add(new Work(Subject.Volume, vmi.NameOf() with { Name = claim }));
    }

    private void DiskChanged(JsonObject disk)
    {
        Touch(disk, Subject.Volume);
        if (_state.Volumes.Get(disk.NameOf()) is null) _state.Stages.Forget(disk.UidOf());
        foreach (var user in _state.UsersOf(disk))
        {
            _queue.Add(new Work(Subject.Vm, user));
            _queue.Add(new Work(Subject.Vmi, user));
        }
    }

    private void Touch(JsonObject item, params ReadOnlySpan<Subject> subjects)
    {
        foreach (var subject in subjects) _queue.Add(new Work(subject, item.NameOf()));
        if (subjects[0] is not Subject.Vm || _state.Vms.Get(item.NameOf()) is not null) return;
        // A VM that is gone leaves its disks to be collected.
        foreach (var template in item.Objects("spec", "dataVolumeTemplates"))
            _queue.Add(new Work(Subject.Volume, item.NameOf() with { Name = template.Text("metadata", "name") ?? "" }));
    }

    // The one place where everything is caught: one object that cannot be handled stops none of the others.
#pragma warning disable CA1031
    private async Task WorkAsync(Work work)
    {
        try
        {
            var now = _state.Now;
            var again = await ReconcileAsync(work);
            _failures.TryRemove(work, out _);
            if (again is { } wait) _queue.AddAt(work, now + wait, _state.Options.TimeProvider);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It is over.
        }
        catch (Exception e)
        {
            var failures = _failures.AddOrUpdate(work, 1, (_, count) => count + 1);
            var wait = FirstRetry * Math.Pow(2, Math.Min(failures, 10));
            // The clock of the simulation may stand still: the connection lives in real time.
            _queue.AddAt(work, TimeProvider.System.GetUtcNow() + (wait < LongestRetry ? wait : LongestRetry), TimeProvider.System);
            if (e is RefusedException { IsConflict: true } or RefusedException { IsNotFound: true }) return; // it changed meanwhile
            if (e is RefusedException or HttpRequestException or IOException or JsonException)
                LogFailed(_state.Options.Logger, work, e.Message);
            else
                LogBroken(_state.Options.Logger, e, work);
        }
    }
#pragma warning restore CA1031

    private Task<TimeSpan?> ReconcileAsync(Work work) => work.Subject switch
    {
        Subject.Vm => _vms.ReconcileAsync(work.Name, _stop.Token),
        Subject.Vmi => _vmis.ReconcileAsync(work.Name, _stop.Token),
        _ => _volumes.ReconcileAsync(work.Name, _stop.Token),
    };

    private readonly record struct Work(Subject Subject, ObjectName Name)
    {
        public override string ToString() => $"{Subject} {Name}";
    }

    [LoggerMessage(8011, LogLevel.Warning, "{Work}: {Problem}")]
    private static partial void LogFailed(ILogger logger, Work work, string problem);

    [LoggerMessage(8012, LogLevel.Error, "{Work} cannot be handled")]
    private static partial void LogBroken(ILogger logger, Exception exception, Work work);
}
