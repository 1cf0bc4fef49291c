using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.VirtualMachines;
using OvimSpokeAgent.Sandbox.Hub;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>One run of a case in a namespace of its own.</summary>
internal sealed class CrashRun(JsonApi api, CrashCase crashCase, string ns, string agentNamespace) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, bool> _boots = new();
    private readonly AsyncSignal _booted = new();
    private readonly CancellationTokenSource _end = new();

    private Task _following = Task.CompletedTask;

    public string OperationId { get; set; } = "";

    /// <summary>Whether the operation had the step after which the agent was to crash.</summary>
    public bool HasCrashed { get; set; }

    /// <summary>All that the hub got for the operation.</summary>
    public IReadOnlyList<ReceivedResult> Results { get; set; } = [];

    /// <summary>Every boot has a VMI of its own: their uids.</summary>
    public async Task FollowGuestsAsync() => _following = await api.FollowAsync(
        $"apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances",
        vmi =>
        {
            if (_boots.TryAdd((string)vmi["metadata"]!["uid"]!, true)) _booted.Set();
        },
        _end.Token);

    public Task SetStrategyAsync(string strategy) => api.MergeAsync(
        $"{TestClusterExtensions.VmsOf(ns)}/web", new JsonObject { ["spec"] = new JsonObject { ["runStrategy"] = strategy } });

    /// <summary>Makes the VM as another tool does, and waits until its disk is filled.</summary>
    public async Task HasDiskAsync()
    {
        await api.CreateAsync(TestClusterExtensions.VmsOf(ns), DiskObjects.WithTemplate("web", "Halted"));
        await api.WaitForAsync(DiskObjects.VolumesOf(ns), "web-root", volume => (string?)volume?["status"]?["phase"] == "Succeeded");
    }

    /// <summary>Makes what an operation could not take back, as it would have left it.</summary>
    public async Task HasOrphansAsync()
    {
        var maker = await OrphanObjects.MakerAsync(api, agentNamespace, OperationId);
        await api.CreateAsync(TestClusterExtensions.VmsOf(ns), OrphanObjects.HalfMade(VmSituation.Vm("half-made", "Halted"), maker));
        await api.CreateAsync(DiskObjects.VolumesOf(ns), OrphanObjects.Stray("stray", maker));
        await OrphanObjects.HasHeldVmAsync(api, ns, "held");
    }

    /// <summary>Waits until it is cleaned up.</summary>
    public async Task WaitForCleanUpAsync()
    {
        foreach (var vm in (string[])["half-made", "held"]) await api.WaitForAsync(TestClusterExtensions.VmsOf(ns), vm, found => found is null);
        await api.WaitForAsync(DiskObjects.VolumesOf(ns), "stray", volume => volume is null);
        await api.WaitForAsync(DiskObjects.ClaimsOf(ns), "stray", claim => claim is null);
    }

    /// <summary>Waits until the VM has this status, or until there is none.</summary>
    public Task WaitForStatusAsync(string? status) => api.WaitForAsync(
        TestClusterExtensions.VmsOf(ns),
        "web",
        vm => (string?)vm?["status"]?["printableStatus"] == status && vm?["status"]?["stateChangeRequests"] is null);

    /// <summary>Waits until the guest is as it is to be in the end.</summary>
    public async Task WaitForEndAsync()
    {
        while (true)
        {
            var booted = _booted.Next;
            if (_boots.Count >= crashCase.Boots) break;
            await booted.WaitAsync(JsonApi.Patience);
        }
        await api.WaitForAsync(
            $"apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances",
            "web",
            vmi => crashCase.StatusAfter == "Running" ? (string?)vmi?["status"]?["phase"] == "Running" : vmi is null);
        await WaitForStatusAsync(crashCase.StatusAfter);
        if (!crashCase.HasDisk) return;
        await api.WaitForAsync(DiskObjects.VolumesOf(ns), "web-root", volume => crashCase.KeepsDisk
            ? volume!["metadata"]!["ownerReferences"] is null or JsonArray { Count: 0 }
            : volume is null);
        await api.WaitForAsync(DiskObjects.ClaimsOf(ns), "web-root", claim => claim is not null == crashCase.KeepsDisk);
    }

    /// <summary>All that the operation did, as text.</summary>
    public async Task<string> OutcomeAsync()
    {
        var results = Results.Select(result => result.Body).Distinct().Select(body =>
            Snapshot.OfResult(JsonNode.Parse(body)!.AsObject(), ns, OperationId));
        return $"""
            results: {string.Join(" | ", results)}
            boots: {_boots.Count} of {crashCase.Boots}
            templates: {(await api.FindAsync($"api/v1/namespaces/{agentNamespace}/configmaps/ovim-templates"))?["data"]?.ToJsonString()}
            {await Snapshot.OfNamespaceAsync(api, ns)}
            """;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        try
        {
            await _following;
        }
        catch (OperationCanceledException)
        {
            // As told.
        }
        _end.Dispose();
    }
}
