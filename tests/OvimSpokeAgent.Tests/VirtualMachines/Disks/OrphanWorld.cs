using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>VMs with the agent's loop that removes what operations have left behind.</summary>
internal sealed class OrphanWorld : IAsyncDisposable
{
    public static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    public const string CanaryNamespace = "canary";

    private readonly CancellationTokenSource _end = new();
    private readonly Task _loops;
    private int _canaries;
    private Exception? _failure;

    public OrphanWorld(VmWorld vms, OperationFate fate)
    {
        (Vms, Fate) = (vms, fate);
        var settings = new TestEnvironment().LoadClean();
        var events = new EventRecorder(
            vms.Cluster, new ClusterConnectivity(vms.Time), Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry()), settings, vms.Time,
            NullLogger<EventRecorder>.Instance);
        var caches = new OrphanCaches(vms.Machines, vms.Instances, vms.Volumes, vms.NamespaceCache, vms.Namespaces, settings, vms.Time);
        var removal = new OrphanRemoval(
            vms.Cluster, vms.Manager, new KeepingDeletion(vms.Cluster, vms.Manager, vms.Keeper), vms.Keeper, caches, (key, _) => Task.FromResult(key.Value == CanaryNamespace ? OperationFate.Failed : Fate), events);
        var loop = new OrphanLoop(caches, removal, new SoleLeadership(), TestFailures.Create(vms.Time, (_, e) => _failure = e), () => 0.5, vms.Time);
        _loops = Task.WhenAll(loop.RunAsync(_end.Token), events.RunAsync(_end.Token));
    }

    public VmWorld Vms { get; }

    public OperationFate Fate { get; set; }

    /// <summary>Time passes, in steps, until something holds.</summary>
    public async Task PassesAsync(TimeSpan time, Func<bool> holds)
    {
        for (var i = 0; i < 20 && !holds(); i++)
        {
            Vms.Time.Advance(time / 20);
            await SettlesAsync();
        }
        await Eventually.HoldsAsync(holds);
    }

    /// <summary>Long after the grace period it is still there.</summary>
    public async Task StaysAsync(ResourceKind? kind = null, NamespacedName? name = null)
    {
        for (var i = 0; i < 10; i++)
        {
            Vms.Time.Advance(Grace / 5);
            await SettlesAsync();
        }
        var left = Vms.Cluster.Find(kind ?? KubeVirtKinds.VirtualMachine, name ?? VmWorld.Web);
        Assert.NotNull(left);
    }

    public Task TellsAsync(string reason, string message) => Eventually.HoldsAsync(() => Vms.Cluster.Requests.Any(request =>
        request is { Verb: "create" } && request.Kind == KubernetesKinds.Event && request.Detail.Contains($"\"reason\":\"{reason}\"", StringComparison.Ordinal)
        && JsonNode.Parse(request.Detail)!["note"]!.GetValue<string>() == message));

    /// <summary>What is due now is done: another orphan, which is due since now, is gone.</summary>
    public async Task SettlesAsync()
    {
        var canary = new NamespacedName(CanaryNamespace, $"canary-{++_canaries}");
        Vms.HasVm(canary, "Halted", vm =>
        {
            vm["metadata"]!["creationTimestamp"] = Vms.Time.GetUtcNow().Add(-Grace).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            vm["metadata"]!["annotations"] = new JsonObject { ["ovim.io/incomplete"] = "true", ["ovim.io/created-by"] = CanaryNamespace };
        });
        await Eventually.HoldsAsync(() =>
        {
            Vms.Time.Advance(TimeSpan.FromMilliseconds(200)); // watches that were silent are taken up again after a while
            return _loops.IsCompleted || _failure is not null || Vms.Cluster.Find(KubeVirtKinds.VirtualMachine, canary) is null;
        });
        if (_loops.IsCompleted) await _loops;
        Assert.Null(_failure);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loops);
        _end.Dispose();
        await Vms.DisposeAsync();
    }
}
